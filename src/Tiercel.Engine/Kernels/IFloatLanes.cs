namespace Tiercel.Engine.Kernels;

/// <summary>
/// A vector of float32 lanes, so that one kernel serves every width: 16 lanes (512 bits), 8, 4, or one plain float, which is the scalar twin. The
/// compiler makes a body for each width and inlines these members away.
/// </summary>
internal interface IFloatLanes<TSelf>
    where TSelf : struct, IFloatLanes<TSelf>
{
    static abstract int Count { get; }

    /// <summary>All lanes <paramref name="value"/>.</summary>
    static abstract TSelf Broadcast(float value);

    /// <summary>Lanes from source[offset], source[offset + 1], …; the caller has checked the bounds.</summary>
    static abstract TSelf Load(ref readonly float source, nuint offset);

    void Store(ref float destination, nuint offset);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>a * b + c; fused where the processor fuses.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Min(TSelf left, TSelf right);

    static abstract TSelf Max(TSelf left, TSelf right);

    static abstract TSelf Abs(TSelf value);

    /// <summary>To the nearest whole number.</summary>
    static abstract TSelf Round(TSelf value);

    /// <summary>2 to a whole power from -126 to 127.</summary>
    static abstract TSelf PowerOfTwo(TSelf exponent);

    /// <summary>Lane by lane: <paramref name="value"/> where x is at least <paramref name="limit"/>, else <paramref name="otherwise"/>; NaN counts as at least.</summary>
    static abstract TSelf WhereAtLeast(TSelf x, TSelf limit, TSelf value, TSelf otherwise);

    /// <summary>Sum of the lanes, in an order that depends on the width only.</summary>
    float Sum();

    float Maximum();
}
