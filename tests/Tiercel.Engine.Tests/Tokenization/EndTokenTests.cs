using Tiercel.Engine.Tokenization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Tokenization;

public sealed class EndTokenTests
{
    [Theory]
    [InlineData("qwen3", "<|im_end|>", "<|endoftext|>")]
    [InlineData("llama3-ropefreqs", "<|eot_id|>", "<|end_of_text|>")]
    [InlineData("gemma2", "<end_of_turn>", "<eos>")]
    [InlineData("llama-spm", "</s>")]
    [InlineData("gpt-oss", "<|end|>", "<|return|>", "<|endoftext|>")]
    public void Ends_come_from_the_metadata_and_from_known_control_tokens(string name, params string[] ends)
    {
        Tokenizer tokenizer = GoldenTokens.OpenSmall(name);
        Assert.Equal(ends.Select(end => tokenizer.Find(end)!.Value).Order(), tokenizer.EndTokens.Order());
    }

    [Fact]
    public void The_bundled_model_ends_with_its_turn_marker()
    {
        Tokenizer tokenizer = GoldenTokens.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        Assert.Contains(tokenizer.Find("<|im_end|>")!.Value, tokenizer.EndTokens);
        Assert.Equal(tokenizer.Find("<|im_end|>"), tokenizer.EosToken);
        Assert.False(tokenizer.AddsBos);
    }

    [Fact]
    public void An_ordinary_token_with_the_name_of_an_end_is_not_one()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        int ordinary = vocabulary.Add("</s>", 1);
        int control = vocabulary.Add("<|eot_id|>", 3);
        Tokenizer tokenizer = vocabulary.Create();
        Assert.Equal([control], tokenizer.EndTokens);
        Assert.False(tokenizer.IsControl(ordinary));
        Assert.Equal([ordinary], tokenizer.Encode("</s>", parseSpecial: true, addSpecial: false));
        Assert.DoesNotContain(ordinary, tokenizer.Encode("</s>", parseSpecial: false, addSpecial: false));
    }

    [Fact]
    public void In_the_harmony_format_a_message_end_is_not_an_answer_end()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes("gpt-4o");
        int[] markers = Array.ConvertAll((string[])["<|end|>", "<|return|>", "<|call|>"], text => vocabulary.Add(text, 3));
        vocabulary.Extra["tokenizer.ggml.eos_token_id"] = (long)markers[1];
        Assert.Equal([markers[1], markers[2]], vocabulary.Create().EndTokens.Order());
    }

    [Fact]
    public void Special_tokens_of_Phi_3_swallow_the_space_after_them()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        int user = vocabulary.Add("<|user|>", 3);
        int text = vocabulary.Add("<|endoftext|>", 3);
        Assert.Equal(4, vocabulary.Create().Encode("<|user|> \n a", parseSpecial: true, addSpecial: false).Length - 1);

        vocabulary.Extra["general.name"] = "Phi-3 mini";
        Tokenizer tokenizer = vocabulary.Create();
        int a = tokenizer.Find("a")!.Value;
        int space = tokenizer.Encode(" ", parseSpecial: false, addSpecial: false)[0];
        Assert.Equal([user, a], tokenizer.Encode("<|user|> \n a", parseSpecial: true, addSpecial: false));
        Assert.Equal([text, space, a], tokenizer.Encode("<|endoftext|> a", parseSpecial: true, addSpecial: false));
    }

    [Fact]
    public void The_longest_special_token_wins()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        int two = vocabulary.Add("\n\n", 4);
        int three = vocabulary.Add("\n\n\n", 4);
        Assert.Equal([three, three, two], vocabulary.Create().Encode(new string('\n', 8), parseSpecial: false, addSpecial: false));
    }
}
