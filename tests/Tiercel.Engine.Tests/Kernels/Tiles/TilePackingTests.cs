using System.Runtime.InteropServices;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.Quantization;
using Tiercel.Engine.Kernels.Tiles;
using Tiercel.Engine.Tests.Kernels.Quantization;

namespace Tiercel.Engine.Tests.Kernels.Tiles;

/// <summary>How matrices come into memory; what is computed with them is held by <see cref="ProjectionTests"/>.</summary>
public sealed unsafe class TilePackingTests
{
    public static readonly TheoryData<TensorType> Types = [.. StoredElements.Types];

    [Theory]
    [InlineData(TensorType.Q4_0, 32)]
    [InlineData(TensorType.Q4_0, 1056)]
    [InlineData(TensorType.Q8_0, 96)]
    [InlineData(TensorType.Q4_K, 256)]
    [InlineData(TensorType.Q4_K, 1280)]
    [InlineData(TensorType.Q6_K, 256)]
    [InlineData(TensorType.Q6_K, 1536)]
    public void WideVectorsPackTheBytesOfNarrowOnes(TensorType type, int inputs)
    {
        Assert.SkipUnless(TilePacker.UsesWideVectors, "this process has no 512-bit vectors");
        for (int seed = 0; seed < 20; seed++)
        {
            byte[] stored = RandomBlocks.Matrix(type, TileKind.Outputs, inputs, new Random(seed));
            byte[] narrow = Pack(type, stored, inputs, wide: false);
            Assert.Equal(narrow, Pack(type, stored, inputs, wide: true));

            // A bit of a row, wherever it is, has its place in the tile: a packer that left one out would be seen.
            int at = new Random(seed).Next(stored.Length);
            stored[at] ^= 0x10;
            Assert.NotEqual(narrow, Pack(type, stored, inputs, wide: true));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void WhatWasInTheMemoryBeforeDoesNotMatter(TensorType type)
    {
        const int Outputs = 37;
        int inputs = TensorLayout.Of(type).BlockElements * 3;
        byte[] stored = RandomBlocks.Matrix(type, Outputs, inputs, new Random(1));
        fixed (byte* data = stored)
        {
            var kind = TileKind.Of(type);
            Assert.Equal(Tiles(kind, new StoredTensor(type, (nint)data, Outputs, inputs), 0), Tiles(kind, new StoredTensor(type, (nint)data, Outputs, inputs), 0xCC));
        }
    }

    [Fact]
    public void MatricesThatShareMemoryAreThoseThatHaveTheirOwn()
    {
        (TensorType Type, int Outputs, int Inputs)[] shapes =
        [
            (TensorType.Q4_K, 16, 256), (TensorType.F32, 700, 1024), (TensorType.Q8_0, 1000, 2048), (TensorType.F16, 5, 31), (TensorType.Q6_K, 33, 512), (TensorType.Q4_0, 3000, 1024),
        ];
        using ThreadTeam team = new(3);
        byte[][] stored = [.. shapes.Select((shape, i) => RandomBlocks.Matrix(shape.Type, shape.Outputs, shape.Inputs, new Random(i)))];
        GCHandle[] pins = [.. stored.Select(bytes => GCHandle.Alloc(bytes, GCHandleType.Pinned))];
        try
        {
            StoredTensor[] tensors = [.. shapes.Select((shape, i) => new StoredTensor(shape.Type, pins[i].AddrOfPinnedObject(), shape.Outputs, shape.Inputs))];
            using var store = WeightStore.Load(tensors, WeightPrecision.AsStored, team);
            Assert.True(store.ByteCount > 3 * LargePages.PageBytes, "several items must be packed");
            Assert.Equal(store.ByteCount, store.Matrices.Sum(matrix => matrix.ByteCount));
            for (int i = 0; i < tensors.Length; i++)
            {
                WeightMatrix matrix = store.Matrices[i];
                Assert.Equal(Tiles(TileKind.Of(tensors[i].Type), tensors[i], 0), new ReadOnlySpan<byte>(matrix.Tile(0), (int)matrix.ByteCount));
            }
        }
        finally
        {
            Array.ForEach(pins, pin => pin.Free());
        }
    }

    [Fact]
    public void EveryTileBelongsToOneItem()
    {
        const int Inputs = 4096;
        int[] outputs = [500, 16, 100, 300];
        int tileBytes = TileKind.Of(TensorType.F32).TileBytes(Inputs);
        byte[] stored = RandomBlocks.Matrix(TensorType.F32, outputs.Max(), Inputs, new Random(2));
        long bytes = outputs.Sum(count => (long)WeightMatrix.TilesOf(count) * tileBytes);
        byte* memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        try
        {
            fixed (byte* data = stored)
            {
                TilePacker[] packers = new TilePacker[outputs.Length];
                long at = 0;
                for (int i = 0; i < outputs.Length; i++)
                {
                    packers[i] = new TilePacker(TileKind.Of(TensorType.F32), new StoredTensor(TensorType.F32, (nint)data, outputs[i], Inputs), memory + at);
                    at += packers[i].TileCount * packers[i].TileBytes;
                }

                PackingWork work = new(packers, memory, bytes, new FirstTouch(memory, bytes));
                HashSet<long> packed = [];
                for (int item = 0; item < work.ItemCount; item++)
                {
                    NativeMemory.Clear(memory, (nuint)bytes);
                    work.Execute(item, 0);
                    for (long tile = 0; tile < bytes / tileBytes; tile++)
                    {
                        if (new ReadOnlySpan<byte>(memory + (tile * tileBytes), tileBytes).ContainsAnyExcept((byte)0))
                        {
                            Assert.True(packed.Add(tile), $"tile {tile} is packed by two items");
                            Assert.Equal(item, (int)((((tile + 1) * tileBytes) - 1) / LargePages.PageBytes));
                        }
                    }
                }

                Assert.Equal(bytes / tileBytes, packed.Count);
                Assert.True(work.ItemCount > 4);
            }
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    [Fact]
    public void AStoreThatIsDisposedOfGivesNoTiles()
    {
        using ThreadTeam team = new(1);
        byte[] stored = RandomBlocks.Matrix(TensorType.Q8_0, 16, 32, new Random(3));
        fixed (byte* data = stored)
        {
            var store = WeightStore.Load([new StoredTensor(TensorType.Q8_0, (nint)data, 16, 32)], WeightPrecision.AsStored, team);
            store.Dispose();
            store.Dispose();
            Assert.Throws<ObjectDisposedException>(() => _ = store.Matrices[0].Tile(0) == null);
        }
    }

    /// <summary>A whole tile by one of the two packers, in memory that held something else.</summary>
    private static byte[] Pack(TensorType type, byte[] stored, int inputs, bool wide)
    {
        var kind = TileKind.Of(type);
        byte[] tile = new byte[kind.WeightBytes(inputs) + kind.ScaleBytes(inputs)];
        Array.Fill(tile, (byte)0xCC);
        int blocks = inputs / kind.Format!.BlockElements;
        nint rowBytes = stored.Length / TileKind.Outputs;
        fixed (byte* data = stored, codes = tile)
        {
            byte* scales = codes + kind.WeightBytes(inputs);
            var rows = PackingRows.Of(data, rowBytes, TileKind.Outputs);
            switch (type)
            {
                case TensorType.Q4_0 when wide:
                    WidePacker<Q40Block>.Run(data, rowBytes, blocks, codes, scales);
                    break;
                case TensorType.Q4_0:
                    QuantPacker<Q40Block>.Run(in rows, blocks, codes, scales, kind.Format);
                    break;
                case TensorType.Q8_0 when wide:
                    WidePacker<Q80Block>.Run(data, rowBytes, blocks, codes, scales);
                    break;
                case TensorType.Q8_0:
                    QuantPacker<Q80Block>.Run(in rows, blocks, codes, scales, kind.Format);
                    break;
                case TensorType.Q4_K when wide:
                    WidePacker<Q4KBlock>.Run(data, rowBytes, blocks, codes, scales);
                    break;
                case TensorType.Q4_K:
                    QuantPacker<Q4KBlock>.Run(in rows, blocks, codes, scales, kind.Format);
                    break;
                case TensorType.Q6_K when wide:
                    WidePacker<Q6KBlock>.Run(data, rowBytes, blocks, codes, scales);
                    break;
                default:
                    QuantPacker<Q6KBlock>.Run(in rows, blocks, codes, scales, kind.Format);
                    break;
            }
        }

        return tile;
    }

    /// <summary>All tiles of a matrix, one after another, in memory filled with a byte.</summary>
    private static byte[] Tiles(TileKind kind, StoredTensor tensor, byte before)
    {
        byte[] tiles = new byte[WeightMatrix.TilesOf(tensor.Outputs) * kind.TileBytes(tensor.Inputs)];
        Array.Fill(tiles, before);
        fixed (byte* memory = tiles)
        {
            TilePacker packer = new(kind, tensor, memory);
            for (int tile = 0; tile < packer.TileCount; tile++)
            {
                packer.Pack(tile);
            }
        }

        return tiles;
    }
}
