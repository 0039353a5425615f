using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels.Quantization;

namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>Repacks one stored matrix into tiles. Outputs that a last tile lacks have zero scales, or zero weights where there are no scales.</summary>
internal sealed unsafe class TilePacker
{
    private readonly TileKind _kind;
    private readonly TensorType _storedType;
    private readonly byte* _stored;
    private readonly long _storedRowBytes;
    private readonly int _outputs;
    private readonly int _inputs;
    private readonly int _scaleBytes;
    private readonly delegate*<ref readonly PackingRows, int, byte*, byte*, QuantFormat, void> _packQuants;
    private readonly delegate*<byte*, nint, int, byte*, byte*, void> _packWhole;

    /// <param name="kind">How the tiles are made: of the stored type, or F32 to expand it.</param>
    /// <param name="tiles">Memory for all tiles; each is filled by the thread that packs it.</param>
    public TilePacker(TileKind kind, StoredTensor stored, byte* tiles)
    {
        _kind = kind;
        _storedType = stored.Type;
        _stored = (byte*)stored.Data;
        _storedRowBytes = TensorLayout.Of(stored.Type).RowBytes(stored.Inputs);
        _outputs = stored.Outputs;
        _inputs = stored.Inputs;
        _scaleBytes = kind.ScaleBytes(stored.Inputs);
        Tiles = tiles;
        TileBytes = kind.TileBytes(stored.Inputs);
        TileCount = WeightMatrix.TilesOf(stored.Outputs);
        _packQuants = kind.Format is null ? null : PackerOf(stored.Type);
        _packWhole = kind.Format is null || !UsesWideVectors ? null : WidePackerOf(stored.Type);
    }

    /// <summary>Whether whole tiles of the types that have it are packed in 512-bit vectors.</summary>
    public static bool UsesWideVectors => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported;

    public byte* Tiles { get; }

    public long TileBytes { get; }

    public int TileCount { get; }

    public void Pack(int number)
    {
        byte* tile = Tiles + (number * TileBytes);
        int first = number * TileKind.Outputs;
        int lanes = Math.Min(TileKind.Outputs, _outputs - first);
        var rows = PackingRows.Of(_stored + (first * _storedRowBytes), _storedRowBytes, lanes);
        if (_kind.Format is { } format)
        {
            // Fresh memory is zero only because the system has made it so; what is packed below is not touched before.
            byte* scales = tile + _kind.WeightBytes(_inputs);
            byte* written = lanes == TileKind.Outputs ? scales + _scaleBytes : scales;
            NativeMemory.Clear(written, (nuint)(tile + TileBytes - written));
            if (_packWhole is not null && lanes == TileKind.Outputs)
            {
                _packWhole(rows[0], (nint)_storedRowBytes, _inputs / format.BlockElements, tile, scales);
            }
            else
            {
                _packQuants(in rows, _inputs / format.BlockElements, tile, scales, format);
            }

            return;
        }

        bool isWords = _kind.Type == _storedType && lanes == TileKind.Outputs;
        int words = isWords ? (int)(_storedRowBytes / 16 * 4) : 0;
        NativeMemory.Clear(tile + (words * 64L), (nuint)(TileBytes - (words * 64L)));
        PackWords(in rows, words, tile);
        for (int lane = 0; lane < lanes; lane++)
        {
            ReadOnlySpan<byte> row = new(rows[lane], checked((int)_storedRowBytes));
            if (_kind.Type == TensorType.F32)
            {
                PackSingles(row, words, (float*)tile, lane);
            }
            else
            {
                Pack16Bits(row, words * 2, (ushort*)tile, lane);
            }
        }
    }

    private static delegate*<ref readonly PackingRows, int, byte*, byte*, QuantFormat, void> PackerOf(TensorType type) => type switch
    {
        TensorType.Q4_0 or TensorType.IQ4_NL => &QuantPacker<Q40Block>.Run,
        TensorType.Q4_1 => &QuantPacker<Q41Block>.Run,
        TensorType.Q5_0 => &QuantPacker<Q50Block>.Run,
        TensorType.Q5_1 => &QuantPacker<Q51Block>.Run,
        TensorType.Q8_0 => &QuantPacker<Q80Block>.Run,
        TensorType.MXFP4 => &QuantPacker<Mxfp4Block>.Run,
        TensorType.Q2_K => &QuantPacker<Q2KBlock>.Run,
        TensorType.Q3_K => &QuantPacker<Q3KBlock>.Run,
        TensorType.Q4_K => &QuantPacker<Q4KBlock>.Run,
        TensorType.Q5_K => &QuantPacker<Q5KBlock>.Run,
        TensorType.Q6_K => &QuantPacker<Q6KBlock>.Run,
        TensorType.IQ4_XS => &QuantPacker<Iq4XsBlock>.Run,
        _ => throw new ModelFormatException($"tensor type {(uint)type} is not supported"),
    };

    /// <summary>Null for types that are packed in narrow vectors only.</summary>
    private static delegate*<byte*, nint, int, byte*, byte*, void> WidePackerOf(TensorType type) => type switch
    {
        TensorType.Q4_0 or TensorType.IQ4_NL => &WidePacker<Q40Block>.Run,
        TensorType.Q8_0 => &WidePacker<Q80Block>.Run,
        TensorType.Q4_K => &WidePacker<Q4KBlock>.Run,
        TensorType.Q6_K => &WidePacker<Q6KBlock>.Run,
        _ => null,
    };

    /// <summary>32-bit words of 16 rows side by side: a float of each, or a pair of 16-bit ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackWords(ref readonly PackingRows rows, int words, byte* tile)
    {
        for (int word = 0; word < words; word += 4)
        {
            for (int lane = 0; lane < TileKind.Outputs; lane += 4)
            {
                Vector128<uint> a = Vector128.Load((uint*)rows[lane] + word);
                Vector128<uint> b = Vector128.Load((uint*)rows[lane + 1] + word);
                Vector128<uint> c = Vector128.Load((uint*)rows[lane + 2] + word);
                Vector128<uint> d = Vector128.Load((uint*)rows[lane + 3] + word);
                Transposed.Words(ref a, ref b, ref c, ref d);
                byte* target = tile + (word * 64L) + (lane * 4);
                a.Store((uint*)target);
                b.Store((uint*)(target + 64));
                c.Store((uint*)(target + 128));
                d.Store((uint*)(target + 192));
            }
        }
    }

    /// <summary>Pairs of elements: 16 floats of the first, 16 of the second.</summary>
    private void PackSingles(ReadOnlySpan<byte> row, int from, float* tile, int lane)
    {
        const int Chunk = 256;
        TensorLayout layout = TensorLayout.Of(_storedType);
        Span<float> values = stackalloc float[Chunk];
        for (int k = from; k < _inputs; k += Chunk)
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
    private void Pack16Bits(ReadOnlySpan<byte> row, int from, ushort* tile, int lane)
    {
        ReadOnlySpan<ushort> elements = MemoryMarshal.Cast<byte, ushort>(row);
        for (int k = from; k < _inputs; k++)
        {
            tile[((long)(k / 2) * 32) + (lane * 2) + (k % 2)] = elements[k];
        }
    }
}
