using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>
/// How a tile stores the codes of one block: 16 outputs by 32 elements. The elements are taken four at a time (a quad); the vector of a quad has, for output 0, its four
/// codes, then those of output 1, and so on: 64 bytes, one 32-bit lane per output. A block has eight quads, in two halves of four.
/// </summary>
internal unsafe interface ITileQuants
{
    /// <summary>Bytes of one block.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>Bits of a code in the first plane; 8 where codes are bytes.</summary>
    static abstract int LowBits { get; }

    /// <summary>Bits of a code in the second plane, or 0.</summary>
    static abstract int HighBits { get; }

    /// <summary>What is stored is an index of a table, and the code what the table has there.</summary>
    static abstract bool IsLookedUp { get; }

    static abstract byte Zero { get; }

    static abstract byte Max { get; }

    /// <summary>Quads 4 <paramref name="half"/> to 4 <paramref name="half"/> + 3 of all 16 outputs.</summary>
    static abstract void Load(byte* block, int half, out Vector512<byte> q0, out Vector512<byte> q1, out Vector512<byte> q2, out Vector512<byte> q3);

    /// <summary>The same for the eight outputs from 8 <paramref name="part"/>.</summary>
    static abstract void Load(byte* block, int half, int part, out Vector256<byte> q0, out Vector256<byte> q1, out Vector256<byte> q2, out Vector256<byte> q3);

    /// <summary>The same for the four outputs from 4 <paramref name="part"/>.</summary>
    static abstract void Load(byte* block, int half, int part, out Vector128<byte> q0, out Vector128<byte> q1, out Vector128<byte> q2, out Vector128<byte> q3);

    /// <summary>One code.</summary>
    static abstract byte Code(byte* block, int output, int element);
}
