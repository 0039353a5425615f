using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tests.Models;

/// <summary>A model that cannot be right is refused before anything is computed, and the message names what is wrong.</summary>
public class ModelRefusalTests
{
    [Fact]
    public void TheUnchangedModelLoads() => new SmallModel().Load();

    public static TheoryData<string, object?, string> BrokenKeys => new()
    {
        { "general.architecture", "mamba", "known are bert, gemma2, gemma3, gpt-oss, granite, llama" },
        { "general.architecture", null, "'general.architecture' is missing" },
        { "llama.attention.head_count", 0u, "'llama.attention.head_count' is 0" },
        { "llama.attention.head_count", null, "'llama.attention.head_count' is missing" },
        { "llama.attention.head_count", 5u, "does not divide the embedding length" },
        { "llama.attention.head_count", new uint[] { 4, 2 }, "differs from layer to layer" },
        { "llama.attention.head_count", "four", "'llama.attention.head_count' is not an integer" },
        { "llama.attention.head_count", 2u, "'blk.0.attn_k.weight' has shape" },
        { "llama.attention.head_count_kv", 3u, "4 query heads cannot share 3 key/value heads" },
        { "llama.attention.head_count_kv", 0u, "'llama.attention.head_count_kv' is 0" },
        { "llama.attention.key_length", 16u, "'blk.0.attn_q.weight' has shape" },
        { "llama.attention.value_length", 16u, "'blk.0.attn_v.weight' has shape" },
        { "llama.rope.dimension_count", 10u, "'llama.rope.dimension_count' is 10, more than the head length 8" },
        { "llama.rope.dimension_count", 7u, "must be even" },
        { "llama.rope.freq_base", 0f, "'llama.rope.freq_base' is 0" },
        { "llama.rope.freq_base", float.NaN, "'llama.rope.freq_base' is NaN" },
        { "llama.rope.scaling.type", "quadratic", "'quadratic'" },
        { "llama.rope.scaling.factor", -2f, "'llama.rope.scaling.factor' is -2" },
        { "llama.attention.layer_norm_rms_epsilon", -1f, "'llama.attention.layer_norm_rms_epsilon' is -1" },
        { "llama.vocab_size", 101u, "'llama.vocab_size' is 101, but tensor 'token_embd.weight' has 100 rows" },
        { "tokenizer.ggml.tokens", new[] { "a", "b" }, "'tokenizer.ggml.tokens' has 2 entries" },
        { "llama.block_count", 0u, "'llama.block_count' is 0" },
        { "llama.block_count", 100_000u, "'llama.block_count' is 100000" },
        { "llama.block_count", 2_147_483_648u, "'llama.block_count' is 2147483648" },
        { "llama.block_count", 3u, "'blk.2.attn_norm.weight' is missing" },
        { "llama.block_count", 1u, "'blk.1.attn_norm.weight' has no place" },
        { "llama.context_length", 0u, "'llama.context_length' is 0" },
        { "llama.embedding_length", 0u, "'llama.embedding_length' is 0" },
        { "llama.embedding_length", 2_000_000_000u, "'llama.embedding_length' is 2000000000" },
        { "llama.embedding_length", 64u, "'token_embd.weight' has shape [32, 100]" },
        { "llama.feed_forward_length", 0u, "'llama.feed_forward_length' is missing or 0" },
        { "llama.feed_forward_length", 65u, "'blk.0.ffn_gate.weight' has shape" },
        { "llama.expert_count", 4u, "'llama.expert_used_count' is missing" },
        { "llama.pooling_type", 4u, "'llama.pooling_type'" },
    };

    [Theory]
    [MemberData(nameof(BrokenKeys))]
    public void AWrongKeyIsNamed(string key, object? value, string expected)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new SmallModel().Key(key, value).Load());
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void WhatAMessageQuotesOfAFileIsCutAndHarmless()
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new SmallModel().Key("general.architecture", "\e[2J\0\u009b" + new string('x', 100_000)).Load());
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.InRange(error.Message.Length, 10, 1000);
    }

    [Fact]
    public void MoreExpertsUsedThanThereAreIsRefused()
    {
        SmallModel model = new SmallModel().Key("llama.expert_count", 4u).Key("llama.expert_used_count", 5u);
        Assert.Contains("'llama.expert_used_count' is 5", Assert.Throws<ModelFormatException>(model.Load).Message);
    }

    [Theory]
    [InlineData("token_embd.weight")]
    [InlineData("output_norm.weight")]
    [InlineData("blk.1.attn_v.weight")]
    [InlineData("blk.0.ffn_down.weight")]
    public void AMissingTensorIsNamed(string name)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new SmallModel().Tensor(name).Load());
        Assert.Contains($"tensor '{name}' is missing", error.Message);
    }

    [Theory]
    [InlineData("blk.0.attn_norm.weight", new long[] { 31 })]
    [InlineData("blk.0.attn_norm.weight", new long[] { 32, 2 })]
    [InlineData("blk.1.attn_output.weight", new long[] { 32, 16 })]
    [InlineData("blk.1.ffn_up.weight", new long[] { 64, 32 })]
    [InlineData("output.weight", new long[] { 32, 99 })]
    [InlineData("rope_freqs.weight", new long[] { 3 })]
    [InlineData("blk.0.attn_q.bias", new long[] { 16 })]
    public void AWrongShapeIsNamed(string name, long[] shape)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new SmallModel().Tensor(name, shape).Load());
        Assert.Contains($"tensor '{name}' has shape", error.Message);
    }

    [Fact]
    public void RotaryFactorsOfZeroAreRefused()
        => Assert.Contains("'rope_freqs.weight' holds 0", Assert.Throws<ModelFormatException>(() => new SmallModel().Tensor("rope_freqs.weight", 4).Load()).Message);

    [Fact]
    public void ATensorWithoutAPlaceIsRefused()
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => new SmallModel().Tensor("blk.0.attn_q_norm.weight", 8).Load());
        Assert.Contains("'blk.0.attn_q_norm.weight' has no place in architecture 'llama'", error.Message);
    }
}
