using FsCheck;
using FsCheck.Fluent;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Tests.Tokenization;

public sealed class StreamDecodingTests
{
    private static readonly Tokenizer Qwen = GoldenTokens.OpenSmall("qwen3");
    private static readonly Tokenizer Llama = GoldenTokens.OpenSmall("llama-spm");
    private static readonly Tokenizer Gemma = GoldenTokens.OpenSmall("gemma2");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stream_gives_what_decoding_at_once_gives(bool renderSpecial)
    {
        foreach (Tokenizer tokenizer in (Tokenizer[])[Qwen, Llama, Gemma])
        {
            // Any ids, so that most byte sequences are broken UTF-8.
            Gen<int[]> ids = Gen.ArrayOf(Gen.Choose(0, tokenizer.VocabularySize - 1));
            Prop.ForAll(ids.ToArbitrary(), tokens => AssertStream(tokenizer, tokens, renderSpecial)).Check(Config.QuickThrowOnFailure.WithMaxTest(1500));
        }
    }

    [Fact]
    public void Characters_come_whole()
    {
        const string Text = "é字😀👨‍👩‍👧 e\u0301 ok";
        foreach (Tokenizer tokenizer in (Tokenizer[])[Qwen, Llama, Gemma])
        {
            TokenStreamDecoder decoder = tokenizer.CreateStreamDecoder(renderSpecial: false);
            string all = string.Empty;
            foreach (int token in tokenizer.Encode(Text, parseSpecial: false, addSpecial: false))
            {
                string part = decoder.Push(token);
                Assert.DoesNotContain('\uFFFD', part);
                Assert.False(part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0])), "half a character");
                all += part;
            }

            Assert.Equal(Text, all);
            Assert.Empty(decoder.Flush());
        }
    }

    [Fact]
    public void An_unfinished_character_ends_as_one_replacement()
    {
        TokenStreamDecoder decoder = Qwen.CreateStreamDecoder(renderSpecial: false);
        int[] emoji = Qwen.Encode("😀", parseSpecial: false, addSpecial: false);
        Assert.Equal(4, emoji.Length);
        Assert.All(emoji[..3], token => Assert.Empty(decoder.Push(token)));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("\uFFFD", Qwen.Decode(emoji[..3], renderSpecial: false));
    }

    [Fact]
    public void Control_tokens_are_hidden_unless_asked_for()
    {
        int[] ids = Qwen.Encode("<think>a<|im_end|>b", parseSpecial: true, addSpecial: false);
        Assert.Equal("<think>ab", Qwen.Decode(ids, renderSpecial: false));
        Assert.Equal("<think>a<|im_end|>b", Qwen.Decode(ids, renderSpecial: true));
    }

    [Fact]
    public void The_space_that_encoding_adds_is_dropped_once()
    {
        int[] ids = Llama.Encode("the  in", parseSpecial: true, addSpecial: true);
        Assert.Equal(Llama.BosToken, ids[0]);
        Assert.Equal("the  in", Llama.Decode(ids, renderSpecial: false));
        Assert.Equal(" the", Llama.Decode(Llama.Encode(" the", parseSpecial: true, addSpecial: false), renderSpecial: false));
        Assert.Equal(" the", Gemma.Decode(Gemma.Encode(" the", parseSpecial: true, addSpecial: false), renderSpecial: false));
    }

    private static void AssertStream(Tokenizer tokenizer, int[] tokens, bool renderSpecial)
    {
        TokenStreamDecoder decoder = tokenizer.CreateStreamDecoder(renderSpecial);
        string parts = string.Empty;
        foreach (int token in tokens)
        {
            string part = decoder.Push(token);
            Assert.False(part.Length > 0 && (char.IsHighSurrogate(part[^1]) || char.IsLowSurrogate(part[0])), "half a character");
            parts += part;
        }

        Assert.Equal(tokenizer.Decode(tokens, renderSpecial), parts + decoder.Flush());
    }
}
