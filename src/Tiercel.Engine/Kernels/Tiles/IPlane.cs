namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>How many bits of each code lie together, known to the compiler: codes of three, five and six bits are stored as two planes.</summary>
internal interface IPlane
{
    static abstract int Bits { get; }
}

internal readonly struct NoBits : IPlane
{
    public static int Bits => 0;
}

internal readonly struct OneBit : IPlane
{
    public static int Bits => 1;
}

internal readonly struct TwoBits : IPlane
{
    public static int Bits => 2;
}

internal readonly struct FourBits : IPlane
{
    public static int Bits => 4;
}
