using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

public class PhiloxTests
{
    /// <summary>The known answers published with the Random123 library for philox4x32, 10 rounds.</summary>
    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(
        0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(
        0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Gives_the_published_answers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Uniform_numbers_fill_the_unit_interval_evenly_along_position_choice_and_seed()
    {
        const int Draws = 20_000;
        for (int axis = 0; axis < 3; axis++)
        {
            long[] bins = new long[64];
            for (int i = 0; i < Draws; i++)
            {
                double u = Philox.Uniform(axis == 0 ? (ulong)i << 20 : 1, axis == 1 ? i : 0, axis == 2 ? i : 7);
                Assert.InRange(u, 0, 0.99999999999999989);
                bins[(int)(u * bins.Length)]++;
            }

            Assert.True(ChiSquare.IsPlausible(bins, [.. Enumerable.Repeat(1.0 / bins.Length, bins.Length)]));
        }
    }

    [Fact]
    public void Seed_choice_and_position_all_change_the_number()
    {
        double u = Philox.Uniform(5, 1, 9);
        Assert.Equal(u, Philox.Uniform(5, 1, 9));
        Assert.NotEqual(u, Philox.Uniform(6, 1, 9));
        Assert.NotEqual(u, Philox.Uniform(5UL + (1UL << 32), 1, 9));
        Assert.NotEqual(u, Philox.Uniform(5, 2, 9));
        Assert.NotEqual(u, Philox.Uniform(5, 1, 10));
    }
}
