using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Repacks one stored matrix into tiles; an item is one tile. Outputs that a last tile lacks have zero weights and zero scales.</summary>
internal sealed unsafe class TilePacker : TeamWork
{
    private readonly TileKind _kind;
    private readonly TensorType _storedType;
    private readonly byte* _stored;
    private readonly long _storedRowBytes;
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly byte* _tiles;
    private readonly long _tileBytes;

    /// <param name="kind">How the tiles are made: of the stored type, or F32 to expand it.</param>
    /// <param name="stored">Row-major [outputs, inputs].</param>
    /// <param name="tiles">Memory for all tiles; each is cleared and filled by the thread that packs it.</param>
    public TilePacker(TileKind kind, TensorType storedType, byte* stored, int outputs, int inputs, byte* tiles)
    {
        _kind = kind;
        _storedType = storedType;
        _stored = stored;
        _storedRowBytes = TensorLayout.Of(storedType).RowBytes(inputs);
        _outputs = outputs;
        _inputs = inputs;
        _tiles = tiles;
        _tileBytes = kind.TileBytes(inputs);
    }

    public override void Execute(int item, int thread)
    {
        byte* tile = _tiles + (item * _tileBytes);
        NativeMemory.Clear(tile, (nuint)_tileBytes);
        int first = item * TileKind.Outputs;
        int lanes = Math.Min(TileKind.Outputs, _outputs - first);
        if (_kind.Format is { } format)
        {
            PackQuants(format, first, lanes, tile);
            return;
        }

        for (int lane = 0; lane < lanes; lane++)
        {
            ReadOnlySpan<byte> row = new(_stored + ((first + lane) * _storedRowBytes), checked((int)_storedRowBytes));
            if (_kind.Type == TensorType.F32)
            {
                PackSingles(row, (float*)tile, lane);
            }
            else
            {
                Pack16Bits(row, (ushort*)tile, lane);
            }
        }
    }

    /// <summary>Pairs of elements: 16 floats of the first, 16 of the second.</summary>
    private void PackSingles(ReadOnlySpan<byte> row, float* tile, int lane)
    {
        const int Chunk = 256;
        TensorLayout layout = TensorLayout.Of(_storedType);
        Span<float> values = stackalloc float[Chunk];
        for (int k = 0; k < _inputs; k += Chunk)
        {
            int count = Math.Min(Chunk, _inputs - k);
            Dequantizer.DequantizeRow(_storedType, row.Slice((int)layout.RowBytes(k), (int)layout.RowBytes(count)), values[..count]);
            for (int i = 0; i < count; i++)
            {
                tile[((long)(k + i) * 16) + lane] = values[i];
            }
        }
    }

    /// <summary>Pairs of elements: 16 lanes of two.</summary>
    private void Pack16Bits(ReadOnlySpan<byte> row, ushort* tile, int lane)
    {
        for (int k = 0; k < _inputs; k++)
        {
            tile[((long)(k / 2) * 32) + (lane * 2) + (k % 2)] = BlockReader.UInt16(row[(k * 2)..]);
        }
    }

    /// <summary>Block by block: the codes of all outputs as bytes, quad beside quad, then into their planes a vector at a time.</summary>
    private void PackQuants(QuantFormat format, int firstOutput, int lanes, byte* tile)
    {
        BlockFields fields = new(
            stackalloc byte[BlockFields.MaxElements], stackalloc sbyte[BlockFields.MaxGroups], stackalloc byte[BlockFields.MaxGroups]);
        byte* memory = stackalloc byte[(BlockFields.MaxElements * TileKind.Outputs) + 64];
        byte* quads = (byte*)(((nuint)memory + 63) & ~(nuint)63);
        NativeMemory.Clear(quads, BlockFields.MaxElements * TileKind.Outputs);
        int storedBytes = TensorLayout.Of(_storedType).BlockBytes;
        byte* codes = tile;
        byte* scales = tile + _kind.WeightBytes(_inputs);
        for (int block = 0; block < _inputs / format.BlockElements; block++)
        {
            int scaleBytes = 0;
            for (int lane = 0; lane < lanes; lane++)
            {
                byte* stored = _stored + ((firstOutput + lane) * _storedRowBytes) + ((long)block * storedBytes);
                BlockReader.Read(_storedType, new ReadOnlySpan<byte>(stored, storedBytes), ref fields);
                ReadOnlySpan<uint> source = MemoryMarshal.Cast<byte, uint>(fields.Codes[..format.BlockElements]);
                uint* target = (uint*)quads + lane;
                for (int quad = 0; quad < source.Length; quad++)
                {
                    target[quad * TileKind.Outputs] = source[quad];
                }

                scaleBytes = PackScales(format, fields, scales, lane);
            }

            scales += scaleBytes;
            codes = PackCodes(quads, format.BlockElements, codes);
        }
    }

    /// <summary>Puts quads of 16 outputs into their planes; returns where the next codes go.</summary>
    private byte* PackCodes(byte* quads, int elements, byte* codes)
    {
        if (_kind.LowBits == 8)
        {
            Buffer.MemoryCopy(quads, codes, (long)elements * TileKind.Outputs, (long)elements * TileKind.Outputs);
            return codes + ((nint)elements * TileKind.Outputs);
        }

        for (int first = 0; first < elements; first += ActivationRecord.Elements)
        {
            codes = PackPlane(quads, 0, _kind.LowBits, codes);
            codes = PackPlane(quads, _kind.LowBits, _kind.HighBits, codes);
            quads += ActivationRecord.Elements * TileKind.Outputs;
        }

        return codes;
    }

    /// <summary>Some bits of the codes of eight quads; bits move within 16-bit lanes, and what crosses from byte to byte is masked.</summary>
    private static byte* PackPlane(byte* quads, int firstBit, int bits, byte* plane)
    {
        Vector256<byte> mask = Vector256.Create((byte)((1 << bits) - 1));
        for (int word = 0; word < bits; word++)
        {
            for (int half = 0; half < 64; half += 32)
            {
                Vector256<byte> packed = default;
                for (int i = 0; i < 8 / bits; i++)
                {
                    Vector256<byte> codes = Vector256.Load(quads + (((word * (8 / bits)) + i) * 64) + half);
                    codes = (codes.AsUInt16() >>> firstBit).AsByte() & mask;
                    packed |= (codes.AsUInt16() << (i * bits)).AsByte();
                }

                packed.Store(plane + half);
            }

            plane += 64;
        }

        return plane;
    }

    private static int PackScales(QuantFormat format, in BlockFields fields, byte* scales, int lane)
    {
        byte* next = scales;
        ((ushort*)next)[lane] = fields.Scale;
        next += 32;
        if (format.HasOffsets)
        {
            ((ushort*)next)[lane] = fields.Offset;
            next += 32;
        }

        for (int group = 0; format.HasGroupScales && group < format.GroupsPerBlock; group++)
        {
            next[lane] = (byte)fields.GroupScales[group];
            next += 16;
            if (format.HasOffsets)
            {
                next[lane] = fields.GroupOffsets[group];
                next += 16;
            }
        }

        return (int)(next - scales);
    }
}
