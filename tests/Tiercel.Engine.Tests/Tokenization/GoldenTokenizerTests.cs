using System.Text.Json;
using Tiercel.Engine.Tokenization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Tokenization;

public sealed class GoldenTokenizerTests
{
    public static TheoryData<string> AllModels => ["gemma2", "gpt-oss", "granite", "llama-spm", "llama3-ropefreqs", "mistral3", "olmo2", "phi3", "qwen3"];

    public static TheoryData<string> SmallModels => ["gemma2", "gpt-oss", "llama-spm", "llama3-ropefreqs", "qwen3"];

    [Theory]
    [MemberData(nameof(SmallModels))]
    public void A_vocabulary_of_the_repository_gives_the_golden_ids(string name)
    {
        Tokenizer tokenizer = GoldenTokens.OpenSmall(name);
        string[] strings = GoldenTokens.ReadStrings(TestFiles.Data("tokenizer", "strings.json"));
        GoldenRow[] rows = GoldenTokens.ReadRows(TestFiles.Data("tokenizer", name + ".json"));
        GoldenTokens.AssertEncodes(tokenizer, strings, rows);
        GoldenTokens.AssertRoundTrips(tokenizer, strings, rows, spaceMarkIsSpace: name is "gemma2" or "llama-spm");
    }

    [Theory]
    [MemberData(nameof(AllModels))]
    public void Every_golden_model_gives_the_golden_ids(string name)
    {
        Tokenizer tokenizer = GoldenTokens.Open(TestFiles.Shared("golden", "models", name + ".gguf"));
        string[] strings = GoldenTokens.ReadStrings(TestFiles.Shared("golden", "tokenizer", "strings.json"));
        GoldenRow[] rows = GoldenTokens.ReadRows(TestFiles.Shared("golden", "tokenizer", name + ".json"));
        GoldenTokens.AssertEncodes(tokenizer, strings, rows);
        GoldenTokens.AssertRoundTrips(tokenizer, strings, rows, spaceMarkIsSpace: name is "gemma2" or "llama-spm" or "phi3");
    }

    [Fact]
    public void The_full_Qwen3_vocabulary_gives_the_golden_ids()
    {
        Tokenizer tokenizer = GoldenTokens.OpenCompressed(TestFiles.Shared("golden", "tokenizer", "qwen3-vocab.gguf.gz"));
        string[] strings = GoldenTokens.ReadStrings(TestFiles.Shared("golden", "tokenizer", "strings.json"));
        GoldenRow[] rows = GoldenTokens.ReadRows(TestFiles.Shared("golden", "tokenizer", "qwen3-full.json"));
        GoldenTokens.AssertEncodes(tokenizer, strings, rows);
        GoldenTokens.AssertRoundTrips(tokenizer, strings, rows, spaceMarkIsSpace: false);
    }

    [Theory]
    [InlineData("smollm2", "smollm2-135m-instruct-q4_1.gguf")]
    [InlineData("minilm", "all-minilm-l6-v2-f16.gguf")]
    public void A_real_model_gives_the_golden_ids(string name, string file)
    {
        string golden = TestFiles.Shared("models", "real", "golden.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(golden));
        string[] strings = document.RootElement.GetProperty("strings").Deserialize<string[]>()!;
        GoldenTokens.AssertEncodes(GoldenTokens.Open(TestFiles.Shared("models", "real", file)), strings, GoldenTokens.Read(golden, "tokens", name));
    }

    [Fact]
    public void Prompts_of_SmolLM2_give_the_golden_ids()
    {
        Tokenizer tokenizer = GoldenTokens.Open(TestFiles.Shared("models", "real", "smollm2-135m-instruct-q4_1.gguf"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestFiles.Shared("models", "real", "golden.json")));
        foreach (JsonProperty conversation in document.RootElement.GetProperty("smollm2").EnumerateObject())
        {
            int[] expected = conversation.Value.GetProperty("tokens").Deserialize<int[]>()!;
            Assert.Equal(expected, tokenizer.Encode(conversation.Value.GetProperty("prompt").GetString()!, parseSpecial: true, addSpecial: true));
        }
    }

    [Fact]
    public void Sentences_of_MiniLM_give_the_ids_of_its_own_tokenizer()
    {
        Tokenizer tokenizer = GoldenTokens.Open(TestFiles.Shared("models", "real", "all-minilm-l6-v2-f16.gguf"));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestFiles.Shared("models", "real", "golden.json")));
        foreach (JsonElement sentence in document.RootElement.GetProperty("minilm").EnumerateArray())
        {
            int[] expected = sentence.GetProperty("tokens").Deserialize<int[]>()!;
            Assert.Equal(expected, tokenizer.Encode(sentence.GetProperty("text").GetString()!, parseSpecial: false, addSpecial: true));
        }
    }

    [Fact]
    public void The_bundled_model_gives_the_golden_ids()
    {
        Tokenizer tokenizer = GoldenTokens.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        string golden = Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny", "golden.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(golden));
        int count = 0;
        foreach (JsonElement item in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            int[] expected = item.GetProperty("ids").Deserialize<int[]>()!;
            int[] output = item.GetProperty("output_ids").Deserialize<int[]>()!;
            Assert.Equal(expected, tokenizer.Encode(item.GetProperty("text").GetString()!, parseSpecial: true, addSpecial: true));
            Assert.Equal(item.GetProperty("output_text").GetString(), tokenizer.Decode(output, renderSpecial: false));
            count++;
        }

        Assert.True(count > 20, "the golden file of the bundled model has lost its cases");
    }
}
