namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Range of the unsigned codes that a tile holds, known to the compiler so that each type gets the shortest exact integer sum.</summary>
internal interface ICodes
{
    /// <summary>Code of the number zero: 0, or a power of two.</summary>
    static abstract byte Zero { get; }

    /// <summary>Largest code.</summary>
    static abstract byte Max { get; }
}

/// <summary>Q2_K.</summary>
internal readonly struct CodesTo3 : ICodes
{
    public static byte Zero => 0;

    public static byte Max => 3;
}

/// <summary>Q3_K.</summary>
internal readonly struct CodesTo7Around4 : ICodes
{
    public static byte Zero => 4;

    public static byte Max => 7;
}

/// <summary>Q4_1, Q4_K.</summary>
internal readonly struct CodesTo15 : ICodes
{
    public static byte Zero => 0;

    public static byte Max => 15;
}

/// <summary>Q4_0.</summary>
internal readonly struct CodesTo15Around8 : ICodes
{
    public static byte Zero => 8;

    public static byte Max => 15;
}

/// <summary>Q5_1, Q5_K.</summary>
internal readonly struct CodesTo31 : ICodes
{
    public static byte Zero => 0;

    public static byte Max => 31;
}

/// <summary>Q5_0, and the values of MXFP4 (-12 to 12).</summary>
internal readonly struct CodesTo31Around16 : ICodes
{
    public static byte Zero => 16;

    public static byte Max => 31;
}

/// <summary>Q6_K.</summary>
internal readonly struct CodesTo63Around32 : ICodes
{
    public static byte Zero => 32;

    public static byte Max => 63;
}

/// <summary>Q8_0, and the values of IQ4_NL and IQ4_XS (-127 to 113).</summary>
internal readonly struct CodesTo255Around128 : ICodes
{
    public static byte Zero => 128;

    public static byte Max => 255;
}
