using System.Runtime.InteropServices;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>32 activations of a row rounded to 8 bits, and what kernels need beside them: one cache line.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal unsafe struct ActivationRecord
{
    public const int Elements = 32;

    /// <summary>x = Scale * value, from -127 to 127.</summary>
    public fixed sbyte Values[Elements];

    public float Scale;

    /// <summary>-128 times the sum of all values: takes off what a zero at code 128 adds to their products.</summary>
    public int Centre;

    /// <summary>The same for the first 16 values.</summary>
    public int Centre0;

    /// <summary>The same for the last 16 values.</summary>
    public int Centre1;

    /// <summary>Scale times the sum, likewise of all, the first 16 and the last 16.</summary>
    public float ScaledSum;

    public float ScaledSum0;

    public float ScaledSum1;
}
