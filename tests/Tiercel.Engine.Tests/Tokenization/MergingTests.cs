using System.Globalization;
using System.Text;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>The fast ways of merging (whole pieces, remembered ones, the short search, the heap) against the plainest possible one.</summary>
public sealed class MergingTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(300)]
    public void Byte_pairs_merge_as_in_the_plain_way(int length)
    {
        // Letters only, so that a text is one piece. Few of them, so that merges compete.
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        Random random = new(length);
        List<(string Left, string Right)> merges = AddRandomMerges(vocabulary, random);
        Tokenizer tokenizer = vocabulary.Create();
        for (int round = 0; round < 200; round++)
        {
            string text = RandomText(random, "abc", 1 + random.Next(length));
            List<string> expected = MergeByRank(text, merges);
            Assert.Equal(expected, tokenizer.Encode(text, parseSpecial: false, addSpecial: false).Select(id => Encoding.UTF8.GetString(tokenizer.GetBytes(id))));
        }
    }

    [Theory]
    [InlineData("llama-spm", 30)]
    [InlineData("llama-spm", 400)]
    [InlineData("gemma2", 400)]
    public void Scores_merge_as_in_the_plain_way(string name, int length)
    {
        using GgufFile file = GgufFile.Open(TestFiles.Data("tokenizer", name + ".gguf"));
        AssertScores(file.Metadata, "the an ▁ation,1345=)'é字\n", length);
    }

    [Fact]
    public void Scores_merge_as_in_the_plain_way_where_words_are_pieces()
    {
        TestVocabulary vocabulary = TestVocabulary.SentencePiece();
        foreach ((string text, double score) in (ReadOnlySpan<(string, double)>)[("▁", -9), ("▁▁", -1), ("▁▁▁▁", -2), ("a", -10), ("b", -10), ("▁a", -3), ("ab", -4), ("▁ab", -5), ("ba", -4), ("bab", -6), ("▁▁a", -2)])
        {
            vocabulary.Add(text, 1, score);
        }

        AssertScores(vocabulary.ToMetadata(), "ab  ▁é", 120);
    }

    [Fact]
    public void A_token_that_its_own_merges_do_not_give_is_not_taken_whole()
    {
        TestVocabulary vocabulary = TestVocabulary.Bytes();
        int bc = vocabulary.Merge("b", "c");
        int ab = vocabulary.Merge("a", "b");
        int abc = vocabulary.Merge("ab", "c");
        Tokenizer merged = vocabulary.Create();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal([merged.Find("a")!.Value, bc], merged.Encode("abc", parseSpecial: false, addSpecial: false));
        }

        // Vocabularies of Llama 3's kind take it whole.
        vocabulary.Extra["tokenizer.ggml.pre"] = "llama-bpe";
        Assert.Equal([abc], vocabulary.Create().Encode("abc", parseSpecial: false, addSpecial: false));
        Assert.Equal([ab], merged.Encode("ab", parseSpecial: false, addSpecial: false));
    }

    [Fact]
    public void Many_threads_get_the_same_ids_from_one_tokenizer()
    {
        Tokenizer tokenizer = GoldenTokens.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        Random random = new(3);
        string[] texts = [.. Enumerable.Range(0, 200).Select(_ => string.Join(' ', Enumerable.Range(0, 30).Select(_ => RandomText(random, "aeinorst", 1 + random.Next(9)))))];
        int[][] expected = Array.ConvertAll(texts, text => tokenizer.Encode(text, parseSpecial: false, addSpecial: false));
        int wrong = 0;
        Tokenizer shared = GoldenTokens.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        Thread[] threads = new Thread[4];
        for (int t = 0; t < threads.Length; t++)
        {
            threads[t] = new Thread(() =>
            {
                for (int i = 0; i < texts.Length; i++)
                {
                    if (!expected[i].AsSpan().SequenceEqual(shared.Encode(texts[i], parseSpecial: false, addSpecial: false)))
                    {
                        Interlocked.Increment(ref wrong);
                    }
                }
            });
            threads[t].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.Equal(0, wrong);
    }

    private static List<(string Left, string Right)> AddRandomMerges(TestVocabulary vocabulary, Random random)
    {
        List<string> known = ["a", "b", "c"];
        List<(string Left, string Right)> merges = [];
        while (merges.Count < 60)
        {
            string left = known[random.Next(known.Count)];
            string right = known[random.Next(known.Count)];
            if (known.Contains(left + right))
            {
                continue;
            }

            vocabulary.Merge(left, right);
            known.Add(left + right);
            merges.Add((left, right));
        }

        return merges;
    }

    private static List<string> MergeByRank(string text, List<(string Left, string Right)> merges)
    {
        List<string> symbols = [.. text.Select(static letter => letter.ToString())];
        while (true)
        {
            (int Rank, int At) best = (int.MaxValue, -1);
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                int rank = merges.IndexOf((symbols[i], symbols[i + 1]));
                if (rank >= 0 && rank < best.Rank)
                {
                    best = (rank, i);
                }
            }

            if (best.At < 0)
            {
                return symbols;
            }

            symbols[best.At] += symbols[best.At + 1];
            symbols.RemoveAt(best.At + 1);
        }
    }

    private static void AssertScores(GgufMetadata metadata, string alphabet, int length)
    {
        Tokenizer tokenizer = Tokenizer.Create(metadata);
        IReadOnlyList<string> tokens = metadata.GetStrings("tokenizer.ggml.tokens")!;
        IReadOnlyList<long> types = metadata.GetIntegers("tokenizer.ggml.token_type")!;
        IReadOnlyList<double> scores = metadata.GetNumbers("tokenizer.ggml.scores")!;
        Dictionary<string, (int Id, double Score)> pieces = Enumerable.Range(0, tokens.Count).Where(id => types[id] is 1 or 4 or 5)
            .ToDictionary(id => tokens[id], id => (id, scores[id]), StringComparer.Ordinal);
        bool space = metadata.GetBoolean("tokenizer.ggml.add_space_prefix") ?? true;
        Random random = new(length);
        for (int round = 0; round < 100; round++)
        {
            string text = RandomText(random, alphabet, 1 + random.Next(length));
            List<int> expected = MergeByScore(((space ? " " : string.Empty) + text).Replace(' ', '▁'), pieces, tokens);
            Assert.Equal(expected, tokenizer.Encode(text, parseSpecial: false, addSpecial: false));
        }
    }

    private static List<int> MergeByScore(string text, Dictionary<string, (int Id, double Score)> pieces, IReadOnlyList<string> tokens)
    {
        List<string> symbols = [.. text.EnumerateRunes().Select(static rune => rune.ToString())];
        while (true)
        {
            (double Score, int At) best = (double.NegativeInfinity, -1);
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                if (pieces.TryGetValue(symbols[i] + symbols[i + 1], out (int Id, double Score) piece) && piece.Score > best.Score)
                {
                    best = (piece.Score, i);
                }
            }

            if (best.At < 0)
            {
                break;
            }

            symbols[best.At] += symbols[best.At + 1];
            symbols.RemoveAt(best.At + 1);
        }

        List<string> texts = [.. tokens];
        return [.. symbols.SelectMany(symbol => pieces.TryGetValue(symbol, out (int Id, double Score) piece)
            ? [piece.Id]
            : Encoding.UTF8.GetBytes(symbol).Select(value => texts.IndexOf("<0x" + value.ToString("X2", CultureInfo.InvariantCulture) + ">")))];
    }

    private static string RandomText(Random random, string alphabet, int length)
        => string.Create(length, (random, alphabet), static (span, state) =>
        {
            foreach (ref char character in span)
            {
                character = state.alphabet[state.random.Next(state.alphabet.Length)];
            }
        });
}
