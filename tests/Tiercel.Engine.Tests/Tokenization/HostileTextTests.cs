using System.Text;
using Tiercel.Engine.Tokenization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>A million characters of the worst kinds. Each takes a fraction of a second; quadratic work would take hours, so the watchdog is generous.</summary>
public sealed class HostileTextTests
{
    private const int Length = 1_000_000;

    private static readonly TimeSpan Watchdog = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Kinds =>
        ["letter", "capital", "spaces", "spaces before a word", "newlines", "tabs", "digits", "zalgo", "emoji", "ideographs", "one word", "quotes", "marker parts", "lone surrogates", "controls", "mixed case"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Hostile_text_is_encoded_in_linear_time(string kind)
    {
        string text = Build(kind);
        string clean = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        foreach (Tokenizer tokenizer in Tokenizers())
        {
            string? decoded = null;
            Thread thread = new(() => decoded = tokenizer.Decode(tokenizer.Encode(text, parseSpecial: true, addSpecial: false), renderSpecial: true)) { IsBackground = true };
            thread.Start();
            Assert.True(thread.Join(Watchdog), $"{kind} takes more than linear time");
            Assert.Equal(clean.Length, decoded!.Length);
            Assert.True(clean == decoded, $"{kind} is not given back");
        }
    }

    [Fact]
    public void Hostile_words_are_one_unknown_token_in_linear_time()
    {
        TestVocabulary vocabulary = new();
        vocabulary.Extra["tokenizer.ggml.model"] = "bert";
        foreach (string special in (string[])["[UNK]", "[CLS]", "[SEP]"])
        {
            vocabulary.Add(special, 3);
        }

        vocabulary.Add("▁a", 1);
        for (int length = 1; length <= 100; length++)
        {
            vocabulary.Add(new string('a', length), 1);
        }

        Tokenizer tokenizer = vocabulary.Create();
        int[]? ids = null;
        Thread thread = new(() => ids = tokenizer.Encode(new string('a', Length) + "b", parseSpecial: true, addSpecial: false)) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(Watchdog), "a long word takes more than linear time");
        Assert.Equal([0], ids!);
        Assert.Equal(10_001, tokenizer.Encode(new string('a', Length + 1), parseSpecial: true, addSpecial: false).Length);
    }

    private static IEnumerable<Tokenizer> Tokenizers()
    {
        yield return GoldenTokens.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        foreach (string name in (string[])["gpt-oss", "llama-spm", "gemma2"])
        {
            yield return GoldenTokens.OpenSmall(name);
        }

        foreach (string pre in (string[])["deepseek-llm", "deepseek-v3", "falcon", "smollm"])
        {
            TestVocabulary vocabulary = TestVocabulary.Bytes(pre);
            vocabulary.Merge("a", "a");
            vocabulary.Merge("aa", "aa");
            yield return vocabulary.Create();
        }
    }

    private static string Build(string kind)
    {
        Random random = new(11);
        return kind switch
        {
            "letter" => new string('a', Length),
            "capital" => new string('A', Length),
            "spaces" => new string(' ', Length),
            "spaces before a word" => new string(' ', Length) + "x",
            "newlines" => new string('\n', Length),
            "tabs" => Repeat("\t \n"),
            "digits" => new string('7', Length),
            "zalgo" => "Z" + Repeat("\u0301\u0323\u0334"),
            "emoji" => Repeat("😀"),
            "ideographs" => Random(random, 0x4E00, 0x9FA5),
            "one word" => Random(random, 'a', 'z'),
            "quotes" => new string('\'', Length),
            "marker parts" => Repeat("<|im_"),
            "lone surrogates" => new string('\ud800', Length / 4),
            "controls" => new string('\u0001', Length),
            _ => Repeat("字A"),
        };
    }

    private static string Repeat(string part) => new StringBuilder().Insert(0, part, Length / part.Length).ToString();

    private static string Random(Random random, int first, int last)
        => string.Create(Length, (random, first, last), static (span, state) =>
        {
            foreach (ref char character in span)
            {
                character = (char)state.random.Next(state.first, state.last + 1);
            }
        });
}
