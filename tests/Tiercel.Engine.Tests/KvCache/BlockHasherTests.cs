using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Tests.KvCache;

public sealed class BlockHasherTests
{
    [Theory]
    [InlineData(new int[0], 0x93f5f5799a932462UL)]
    [InlineData(new[] { 0x0b0a0908 }, 0x751e8fbc860ee5fbUL)]
    public void Names_are_SipHash_of_parent_and_tokens(int[] tokens, ulong expected)
    {
        // The vectors of the reference implementation: key 00..0f, message 00, 01, 02, ….
        BlockHasher.BlockKey key = new(0x0706050403020100, 0x0f0e0d0c0b0a0908);
        Assert.Equal(expected, BlockHasher.NameOf(key, 0x0706050403020100, tokens));
    }

    [Fact]
    public void A_chain_depends_on_key_salt_and_every_token_before()
    {
        int[] tokens = [.. Enumerable.Range(0, 100)];
        BlockHasher hashes = new("key"u8);
        ulong[] chain = hashes.Chain("a", tokens, 32);
        Assert.Equal(3, chain.Length);
        Assert.Equal(chain, new BlockHasher("key"u8).Chain("a", tokens, 32));
        Assert.Empty(chain.Intersect(hashes.Chain("b", tokens, 32)));
        Assert.Empty(chain.Intersect(new BlockHasher("other"u8).Chain("a", tokens, 32)));
        tokens[40] = 7;
        ulong[] changed = hashes.Chain("a", tokens, 32);
        Assert.Equal(chain[0], changed[0]);
        Assert.NotEqual(chain[1], changed[1]);
        Assert.NotEqual(chain[2], changed[2]);
    }
}
