namespace Tiercel.Engine.Scheduling;

/// <summary>A copy of a cache block that must be made before the step runs (copy-on-write of a partial block).</summary>
public readonly record struct BlockCopy(int Source, int Destination);
