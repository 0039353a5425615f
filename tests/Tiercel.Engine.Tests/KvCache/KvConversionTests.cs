using FsCheck;
using FsCheck.Fluent;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Tests.KvCache;

/// <summary>What the cache stores and gives back.</summary>
public unsafe class KvConversionTests
{
    [Fact]
    public void EveryHalfExpandsExactly()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits)];
        float[] floats = new float[halves.Length];
        fixed (ushort* source = halves)
        fixed (float* destination = floats)
        {
            HalfRows.Expand(source, destination, halves.Length);
        }

        for (int i = 0; i < halves.Length; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf(halves[i]);
            Assert.True(
                float.IsNaN(expected) ? float.IsNaN(floats[i]) : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(floats[i]),
                $"half {i:x4} became {floats[i]}, not {expected}");
        }
    }

    [Fact]
    public void RoundingGoesToTheNearestHalfAndTiesToTheEvenOne()
    {
        // Candidates are the neighbours in a table of all finite halves, compared in double: nothing is shared with the conversion that is tested.
        double[] values = [.. Enumerable.Range(0, 0x7c00).Select(bits => (double)BitConverter.UInt16BitsToHalf((ushort)bits))];
        Prop.ForAll(
            Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle).ToArbitrary(),
            value => float.IsNaN(value) || BitConverter.UInt16BitsToHalf(HalfRows.Round(value)) == (Half)Nearest(value, values)).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
        Prop.ForAll(
            Gen.Choose(0, 0x7c00 - 2).ToArbitrary(),
            bits => Midpoint(values, bits)).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
    }

    [Theory]
    [InlineData(float.PositiveInfinity, 65504f)]
    [InlineData(float.NegativeInfinity, -65504f)]
    [InlineData(65520f, 65504f)]
    [InlineData(1e30f, 65504f)]
    [InlineData(0f, 0f)]
    [InlineData(1e-30f, 0f)]
    [InlineData(5.9604645e-8f, 5.9604645e-8f)]
    public void WhatIsTooLargeBecomesTheLargestFiniteValue(float value, float expected)
        => Assert.Equal(expected, (float)BitConverter.UInt16BitsToHalf(HalfRows.Round(value)));

    [Theory]
    [InlineData(KvType.F32, 12, 12)]
    [InlineData(KvType.F16, 12, 16)]
    [InlineData(KvType.Q8_0, 12, 33)]
    [InlineData(KvType.F16, 64, 64)]
    [InlineData(KvType.Q8_0, 64, 64)]
    [InlineData(KvType.Q8_0, 128, 80)]
    public void TokensComeBackFromTheirPlaces(KvType type, int keyLength, int valueLength)
    {
        KvLayout layout = new(type, layerCount: 2, headCount: 3, keyLength, valueLength);
        using KvStorage storage = new(layout, blockCount: 3);
        Random random = new(7);
        float[][] keys = new float[KvStorage.BlockSize][];
        float[][] values = new float[KvStorage.BlockSize][];
        foreach (int token in Enumerable.Range(0, KvStorage.BlockSize).OrderBy(_ => random.Next()))
        {
            keys[token] = RandomRow(random, 3 * keyLength);
            values[token] = RandomRow(random, 3 * valueLength);
            storage.Write(1, token, 1, keys[token], values[token]);
        }

        // Neighbours on all sides stay as they are.
        Assert.All(Expand(storage, 1, 0), value => Assert.Equal(0, value));
        Assert.All(Expand(storage, 0, 1), value => Assert.Equal(0, value));
        Assert.All(Expand(storage, 2, 0), value => Assert.Equal(0, value));
        storage.CopyBlock(1, 2);
        Assert.Equal(Expand(storage, 1, 1), Expand(storage, 2, 1));
        float[] all = Expand(storage, 1, 1);
        int next = 0;
        for (int head = 0; head < 3; head++)
        {
            next = CheckKeys(type, keys, all, next, head, keyLength);
            next = CheckValues(type, values, all, next, head, valueLength);
        }
    }

    [Fact]
    public void EightBitsAreOffByHalfAStepAtMost()
    {
        Prop.ForAll(
            Gen.Choose(0, int.MaxValue).ToArbitrary(),
            seed =>
            {
                Random random = new(seed);
                float scale = MathF.Exp((random.NextSingle() * 20) - 10);
                float[] row = [.. RandomRow(random, 32).Select(value => value * scale)];
                using KvStorage storage = new(new KvLayout(KvType.Q8_0, 1, 1, 32, 32), 1);
                storage.Write(0, 5, 0, row, row);
                float[] all = Expand(storage, 0, 0);

                // Half a step of the scale, which is itself rounded to a half: by 2^-11 of it, at 127 steps 1/16 of a step more; or, where the half is
                // subnormal, by 2^-25, at 127 steps 3.8e-6.
                float limit = (row.Max(MathF.Abs) / 127 * 0.57f) + 4e-6f;
                return row.Select((value, i) => MathF.Abs(value - all[(i * 32) + 5]) <= limit && MathF.Abs(value - all[1024 + (5 * 32) + i]) <= limit).All(good => good);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void ABlockHasTheBytesOfItsLayers()
    {
        Assert.Equal(2L * 3 * 32 * (64 + 64) * 2, new KvLayout(KvType.F16, 2, 3, 64, 64).BlockBytes);
        Assert.Equal(2L * 3 * 32 * (64 + 64) * 34 / 32, new KvLayout(KvType.Q8_0, 2, 3, 64, 64).BlockBytes);
        Assert.Equal(2L * 3 * 32 * (64 + 64) * 4, new KvLayout(KvType.F32, 2, 3, 64, 64).BlockBytes);
    }

    [Fact]
    public void PlacesOutsideAreRefused()
    {
        using KvStorage storage = new(new KvLayout(KvType.F16, 2, 1, 8, 8), 2);
        float[] row = new float[8];
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(2, 0, 0, row, row));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(-1, 0, 0, row, row));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(0, 32, 0, row, row));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(0, 0, 2, row, row));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.Write(0, 0, 0, row.AsSpan(1), row));
        Assert.Throws<ArgumentOutOfRangeException>(() => storage.CopyBlock(0, 2));
        storage.Dispose();
        Assert.Throws<ObjectDisposedException>(() => storage.CopyBlock(0, 1));
    }

    private static double Nearest(float value, double[] halves)
    {
        double magnitude = Math.Abs((double)value);
        int above = Array.BinarySearch(halves, magnitude);
        above = above < 0 ? ~above : above;
        double nearest = above == 0 ? halves[0]
            : above >= halves.Length ? halves[^1]
            : magnitude - halves[above - 1] < halves[above] - magnitude ? halves[above - 1]
            : magnitude - halves[above - 1] > halves[above] - magnitude ? halves[above]
            : halves[above % 2 == 0 ? above : above - 1];
        return value < 0 ? -nearest : nearest;
    }

    private static bool Midpoint(double[] halves, int bits)
    {
        float middle = (float)((halves[bits] + halves[bits + 1]) / 2);
        return HalfRows.Round(middle) == (bits % 2 == 0 ? bits : bits + 1)
            && HalfRows.Round(MathF.BitIncrement(middle)) == bits + 1
            && HalfRows.Round(MathF.BitDecrement(middle)) == bits;
    }

    private static float[] RandomRow(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (random.NextSingle() * 2) - 1)];

    /// <summary>All heads of a block and layer: keys [length][32], then values [32][length].</summary>
    private static float[] Expand(KvStorage storage, int block, int layer)
    {
        KvLayout layout = storage.Layout;
        List<float> all = [];
        float[] keys = new float[layout.KeyLength * KvStorage.BlockSize];
        float[] values = new float[layout.ValueLength * KvStorage.BlockSize];
        for (int head = 0; head < layout.HeadCount; head++)
        {
            byte* address = storage.GetHead(block, layer, head);
            fixed (float* k = keys)
            fixed (float* v = values)
            {
                KvRows.ExpandKeys(layout.Type, address, layout.KeyLength, k);
                KvRows.ExpandValues(layout.Type, address + layout.KeyBytes, layout.ValueLength, 0, KvStorage.BlockSize, v, layout.ValueLength);
            }

            all.AddRange(keys);
            all.AddRange(values);
        }

        return [.. all];
    }

    private static int CheckKeys(KvType type, float[][] keys, float[] all, int next, int head, int length)
    {
        for (int i = 0; i < length; i++)
        {
            for (int token = 0; token < KvStorage.BlockSize; token++)
            {
                AssertNear(type, keys[token][(head * length) + i], all[next++]);
            }
        }

        return next;
    }

    private static int CheckValues(KvType type, float[][] values, float[] all, int next, int head, int length)
    {
        for (int token = 0; token < KvStorage.BlockSize; token++)
        {
            for (int i = 0; i < length; i++)
            {
                AssertNear(type, values[token][(head * length) + i], all[next++]);
            }
        }

        return next;
    }

    private static void AssertNear(KvType type, float expected, float actual) => Assert.Equal(expected, actual, type switch
    {
        KvType.F32 => 0f,
        KvType.F16 => 0.0003f,
        _ => 0.006f,
    });
}
