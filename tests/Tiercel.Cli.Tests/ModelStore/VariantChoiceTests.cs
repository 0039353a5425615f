using System.Text;
using Tiercel.Cli.ModelStore;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.ModelStore;

public sealed class VariantChoiceTests
{
    [Theory]
    [InlineData("SmolLM2-135M-Instruct-Q4_K_M.gguf", "Q4_K_M")]
    [InlineData("llama-2-7b.Q4_K_M.gguf", "Q4_K_M")]
    [InlineData("model-q4_0.gguf", "Q4_0")]
    [InlineData("model.f16.gguf", "F16")]
    [InlineData("Model-BF16.gguf", "BF16")]
    [InlineData("Model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL")]
    [InlineData("Model-UD-IQ1_S.gguf", "UD-IQ1_S")]
    [InlineData("gpt-oss-20b-mxfp4.gguf", "MXFP4")]
    [InlineData("gpt-oss-20b-MXFP4_MOE.gguf", "MXFP4_MOE")]
    [InlineData("model-TQ1_0.gguf", "TQ1_0")]
    [InlineData("Q8_0.gguf", "Q8_0")]
    [InlineData("BF16/model-00001-of-00002.gguf", "BF16")]
    [InlineData("Q4_K_M/model-Q5_K_M-00001-of-00002.gguf", "Q5_K_M")]
    [InlineData("Qwen3-Q2-model.gguf", null)]
    [InlineData("model.gguf", null)]
    public void The_quantization_is_read_from_the_name(string path, string? quantization)
        => Assert.Equal(quantization, GgufFileName.Of(path)!.Quantization);

    [Fact]
    public void Shards_are_read_from_the_name()
    {
        Assert.Equal(new GgufFileName("m-F16", "F16", 2, 3), GgufFileName.Of("d/m-F16-00002-of-00003.gguf"));
        Assert.Equal(new GgufFileName("m-F16", "F16", 1, 1), GgufFileName.Of("m-F16.GGUF"));
        Assert.Null(GgufFileName.Of("m-F16.safetensors"));
    }

    [Fact]
    public void A_name_made_to_be_searched_for_long_is_not()
    {
        string hostile = new StringBuilder().Insert(0, "Q4_", 1_000_000).Append("!.gguf").ToString();
        TimeBound.Hold(TimeSpan.FromSeconds(1), () => Assert.Equal(1, GgufFileName.Of(hostile)!.Shard));
        TimeBound.Hold(TimeSpan.FromSeconds(1), () => Assert.False(HubModelName.TryParse($"a/b:{hostile}", out _)));
    }

    [Theory]
    [InlineData(null, "m-Q4_K_M.gguf")]
    [InlineData("q8_0", "m-Q8_0.gguf")]
    [InlineData("Q4_K_XL", "m-UD-Q4_K_XL.gguf")]
    [InlineData("m-Q8_0.gguf", "m-Q8_0.gguf")]
    [InlineData("m-q8_0", "m-Q8_0.gguf")]
    public void The_wanted_file_is_chosen(string? wanted, string file)
        => Assert.Equal([file], Choose(wanted, "m-F32.gguf", "m-Q8_0.gguf", "m-UD-Q4_K_XL.gguf", "m-Q4_K_M.gguf", "mmproj-m-Q4_K_M.gguf"));

    [Fact]
    public void All_shards_are_chosen_in_order()
    {
        string[] shards = [.. Enumerable.Range(1, 12).Select(number => $"Q8_0/m-Q8_0-{number:D5}-of-00012.gguf")];
        Assert.Equal(shards, Choose(null, [.. shards.Reverse(), "m-Q2_K.gguf"]));
        Assert.Contains("holds 11 of the 12 files", Refusal(null, shards[..^1]));
        Assert.Contains("holds 11 of the 12 files", Refusal("Q8_0", shards[1..]));
    }

    [Fact]
    public void A_choice_that_is_not_clear_is_refused_with_the_choices()
    {
        Assert.Equal("u/r has several files for that; name one: a-Q8_0.gguf, b-Q8_0.gguf", Refusal(null, "a-Q8_0.gguf", "b-Q8_0.gguf"));
        Assert.Equal("u/r has several models; name one: Q2_K, Q3_K_S", Refusal(null, "a-Q3_K_S.gguf", "a-Q2_K.gguf"));
        Assert.Equal("u/r has no 'Q4_0'; it has Q8_0, a.gguf", Refusal("Q4_0", "a.gguf", "a-Q8_0.gguf"));
        Assert.Equal("u/r has no GGUF model files", Refusal(null, "mmproj-F16.gguf"));
        Assert.Equal(["odd.gguf"], Choose(null, "odd.gguf"));
    }

    [Theory]
    [InlineData("user/repo", "user", "repo", null)]
    [InlineData("hf.co/user/repo.v1:Q4_K_M", "user", "repo.v1", "Q4_K_M")]
    [InlineData("HTTPS://HuggingFace.co/u-1/r_2:a/b c.gguf", "u-1", "r_2", "a/b c.gguf")]
    public void Names_are_read(string text, string user, string repository, string? variant)
        => Assert.Equal(new HubModelName(user, repository, variant), HubModelName.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("repo")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("a/b:")]
    [InlineData("a/b:../c")]
    [InlineData("a/b\n")]
    [InlineData("a/b:Q4\0")]
    [InlineData("-a/b")]
    [InlineData("https://example.com/a/b")]
    public void Names_of_another_form_are_refused(string text)
        => Assert.Contains("is not a model name", Assert.Throws<ModelStoreException>(() => HubModelName.Parse(text)).Message);

    private static string[] Choose(string? wanted, params string[] files)
    {
        HubRepository repository = new("u/r", HubServer.Commit, [.. files.Select(file => new HubFile(file, 1, "hash"))]);
        return [.. VariantChoice.Of(repository, wanted).Files.Select(file => file.Path)];
    }

    private static string Refusal(string? wanted, params string[] files)
        => Assert.Throws<ModelStoreException>(() => Choose(wanted, files)).Message;
}
