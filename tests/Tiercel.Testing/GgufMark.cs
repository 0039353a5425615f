namespace Tiercel.Testing;

/// <summary>Where <see cref="GgufWriter"/> put a field, in bytes from the start of the file.</summary>
public readonly record struct GgufMark(long Offset, int Size);
