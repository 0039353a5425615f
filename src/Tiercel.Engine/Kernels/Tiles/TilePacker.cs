using System.Runtime.InteropServices;
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
        for (int lane = 0; lane < Math.Min(TileKind.Outputs, _outputs - first); lane++)
        {
            ReadOnlySpan<byte> row = new(_stored + ((first + lane) * _storedRowBytes), checked((int)_storedRowBytes));
            if (_kind.Format is { } format)
            {
                PackQuants(format, row, tile, lane);
            }
            else if (_kind.Type == TensorType.F32)
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

    private void PackQuants(QuantFormat format, ReadOnlySpan<byte> row, byte* tile, int lane)
    {
        BlockFields fields = new(
            stackalloc byte[BlockFields.MaxElements], stackalloc sbyte[BlockFields.MaxGroups], stackalloc byte[BlockFields.MaxGroups]);
        int storedBytes = TensorLayout.Of(_storedType).BlockBytes;
        byte* codes = tile;
        byte* scales = tile + _kind.WeightBytes(_inputs);
        for (int block = 0; block < _inputs / format.BlockElements; block++)
        {
            BlockReader.Read(_storedType, row.Slice(block * storedBytes, storedBytes), ref fields);
            codes += PackCodes(fields.Codes[..format.BlockElements], codes, lane);
            scales += PackScales(format, fields, scales, lane);
        }
    }

    /// <summary>Puts the quads of an output into their planes; returns the bytes that all outputs' codes take.</summary>
    private int PackCodes(ReadOnlySpan<byte> codes, byte* tile, int lane)
    {
        fixed (byte* source = codes)
        {
            uint* quads = (uint*)source;
            uint* lanes = (uint*)tile + lane;
            int count = codes.Length / TileKind.Quad;
            if (_kind.LowBits == 8)
            {
                for (int quad = 0; quad < count; quad++)
                {
                    lanes[quad * 16] = quads[quad];
                }

                return codes.Length * TileKind.Outputs;
            }

            for (int quad = 0; quad < count; quad += 8)
            {
                PackPlane(quads + quad, 0, _kind.LowBits, lanes);
                lanes += 16 * _kind.LowBits;
                PackPlane(quads + quad, _kind.LowBits, _kind.HighBits, lanes);
                lanes += 16 * _kind.HighBits;
            }

            return codes.Length * TileKind.Outputs * (_kind.LowBits + _kind.HighBits) / 8;
        }
    }

    /// <summary>Some bits of the codes of eight quads, side by side in words that lie 16 apart.</summary>
    private static void PackPlane(uint* quads, int firstBit, int bits, uint* lanes)
    {
        uint mask = 0x01010101u * ((1u << bits) - 1);
        int quadsPerWord = bits == 0 ? 8 : 8 / bits;
        for (int word = 0; word < bits; word++)
        {
            uint packed = 0;
            for (int i = 0; i < quadsPerWord; i++)
            {
                packed |= ((quads[(word * quadsPerWord) + i] >> firstBit) & mask) << (i * bits);
            }

            lanes[word * 16] = packed;
        }
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
