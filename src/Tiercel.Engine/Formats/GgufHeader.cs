namespace Tiercel.Engine.Formats;

/// <summary>All that stands before the weights in one file.</summary>
/// <param name="Metadata">Keys and values.</param>
/// <param name="Tensors">In the order of the file, with offsets from its start; each lies inside the file and none overlaps another.</param>
internal sealed record GgufHeader(GgufMetadata Metadata, IReadOnlyList<GgufTensor> Tensors);
