using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Values of 16 codes as unsigned bytes: the value plus the zero of the codes they become.</summary>
internal interface ITable
{
    static abstract Vector128<byte> Values { get; }
}

/// <summary>The values of IQ4_NL and IQ4_XS plus 128.</summary>
internal readonly struct NonLinearTable : ITable
{
    public static Vector128<byte> Values => Vector128.Create((byte)1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241);
}

/// <summary>Twice the values of E2M1 plus 16.</summary>
internal readonly struct DoubledE2M1Table : ITable
{
    public static Vector128<byte> Values => Vector128.Create((byte)16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
}
