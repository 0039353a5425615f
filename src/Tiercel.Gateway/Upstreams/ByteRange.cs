namespace Tiercel.Gateway.Upstreams;

/// <summary>A range of a body's bytes. <c>default</c>: the field is not there.</summary>
internal readonly record struct ByteRange(int Start, int Length)
{
    public int End => Start + Length;

    public bool IsEmpty => Length == 0;
}
