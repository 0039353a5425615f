using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Tests.Tokenization;

public sealed class VocabularyValidationTests
{
    public static TheoryData<string, string, object?> Spoilt => new()
    {
        { "bytes", "tokenizer.ggml.model", null },
        { "bytes", "tokenizer.ggml.model", "t5" },
        { "bytes", "tokenizer.ggml.model", 7L },
        { "bytes", "tokenizer.ggml.pre", "no-such-pre-tokenizer" },
        { "bytes", "tokenizer.ggml.tokens", null },
        { "bytes", "tokenizer.ggml.tokens", Array.Empty<string>() },
        { "bytes", "tokenizer.ggml.tokens", new[] { "a", "b", "a" } },
        { "bytes", "tokenizer.ggml.tokens", new[] { "a", string.Empty } },
        { "bytes", "tokenizer.ggml.token_type", new long[] { 1, 1 } },
        { "bytes", "tokenizer.ggml.token_type", Enumerable.Repeat(9L, 256).ToArray() },
        { "bytes", "tokenizer.ggml.token_type", Enumerable.Repeat(-1L, 256).ToArray() },
        { "bytes", "tokenizer.ggml.merges", null },
        { "bytes", "tokenizer.ggml.merges", new[] { "ab" } },
        { "bytes", "tokenizer.ggml.merges", new[] { "a " } },
        { "bytes", "tokenizer.ggml.merges", new[] { string.Empty } },
        { "bytes", "tokenizer.ggml.merges", new[] { "a b" } },
        { "bytes", "tokenizer.ggml.merges", new[] { "zz y" } },
        { "bytes", "tokenizer.ggml.merges", new[] { "字 y" } },
        { "bytes", "tokenizer.ggml.bos_token_id", 256L },
        { "bytes", "tokenizer.ggml.eos_token_id", -1L },
        { "bytes", "tokenizer.ggml.eot_token_id", long.MaxValue },
        { "bytes", "tokenizer.ggml.eom_token_id", 4294967295L },
        { "bytes", "tokenizer.ggml.padding_token_id", 1000L },
        { "bytes", "tokenizer.ggml.unknown_token_id", "0" },
        { "bytes", "tokenizer.ggml.add_bos_token", 1L },
        { "sentencepiece", "tokenizer.ggml.scores", null },
        { "sentencepiece", "tokenizer.ggml.scores", new double[] { 1, 2 } },
        { "sentencepiece", "tokenizer.ggml.scores", Enumerable.Repeat(double.NaN, 259).ToArray() },
        { "sentencepiece", "tokenizer.ggml.add_space_prefix", "yes" },
    };

    [Theory]
    [MemberData(nameof(Spoilt), DisableDiscoveryEnumeration = true)]
    public void A_spoilt_key_is_refused_by_its_name(string kind, string key, object? value)
    {
        TestVocabulary vocabulary = kind == "bytes" ? TestVocabulary.Bytes() : TestVocabulary.SentencePiece();
        _ = vocabulary.Create();
        GgufMetadata whole = vocabulary.ToMetadata();
        Dictionary<string, object> values = whole.Keys.ToDictionary(name => name, name => whole[name]!, StringComparer.Ordinal);
        if (value is null)
        {
            values.Remove(key);
        }
        else
        {
            values[key] = value;
        }

        ModelFormatException error = Assert.Throws<ModelFormatException>(() => Tokenizer.Create(new GgufMetadata(values)));
        Assert.Contains(key, error.Message);
        Assert.True(error.Message.Length < 400, "a message must not carry a hostile file's text whole");
    }

    [Theory]
    [InlineData("tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id")]
    [InlineData("tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id")]
    public void A_token_that_is_to_be_added_must_be_named(string flag, string id)
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        vocabulary.Extra[flag] = true;
        Assert.Contains(id, Assert.Throws<ModelFormatException>(vocabulary.Create).Message);
    }

    [Theory]
    [InlineData("0x41")]
    [InlineData("<0xZZ>")]
    [InlineData("<0x4>")]
    [InlineData("<0x 4>")]
    public void A_byte_token_must_spell_its_byte(string text)
    {
        TestVocabulary vocabulary = TestVocabulary.SentencePiece();
        vocabulary.Add(text, 6);
        Assert.Contains("tokenizer.ggml.tokens", Assert.Throws<ModelFormatException>(vocabulary.Create).Message);
    }

    [Fact]
    public void SentencePiece_without_byte_tokens_needs_an_unknown_token()
    {
        TestVocabulary vocabulary = new();
        vocabulary.Extra["tokenizer.ggml.model"] = "llama";
        vocabulary.Add("a", 1);
        Assert.Contains("tokenizer.ggml.unknown_token_id", Assert.Throws<ModelFormatException>(vocabulary.Create).Message);

        int unknown = vocabulary.Add("<unk>", 2);
        vocabulary.Extra["tokenizer.ggml.add_space_prefix"] = false;
        Assert.Equal([0, unknown, unknown, 0], vocabulary.Create().Encode("aé字a", parseSpecial: false, addSpecial: false));
    }

    [Fact]
    public void WordPiece_needs_its_three_tokens()
    {
        TestVocabulary vocabulary = new();
        vocabulary.Extra["tokenizer.ggml.model"] = "bert";
        vocabulary.Add("▁a", 1);
        Assert.Throws<ModelFormatException>(vocabulary.Create);
        vocabulary.Add("[UNK]", 3);
        vocabulary.Add("[CLS]", 3);
        vocabulary.Add("[SEP]", 3);
        Assert.Equal([2, 0, 1, 3], vocabulary.Create().Encode("a b", parseSpecial: false, addSpecial: true));
    }

    [Fact]
    public void A_special_token_that_is_too_long_is_refused()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        vocabulary.Add(new string('x', 2000), 3);
        ModelFormatException error = Assert.Throws<ModelFormatException>(vocabulary.Create);
        Assert.Contains("tokenizer.ggml.tokens", error.Message);
        Assert.True(error.Message.Length < 400);
    }

    [Fact]
    public void A_missing_pre_tokenizer_is_the_default_with_a_warning()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        Assert.Null(vocabulary.Create().Warning);
        vocabulary.Extra.Remove("tokenizer.ggml.pre");
        Assert.Contains("tokenizer.ggml.pre", vocabulary.Create().Warning);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_refused()
    {
        Tokenizer tokenizer = TestVocabulary.Bytes().Create();
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.GetBytes(256).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IsControl(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([3, int.MaxValue], renderSpecial: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.CreateStreamDecoder(renderSpecial: true).Push(int.MinValue));
    }
}
