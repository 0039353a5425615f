using System.Globalization;
using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>Reads the tokens of a model file and refuses what is contradictory, so that nothing after it needs to check again.</summary>
internal static class VocabularyReader
{
    /// <summary>Tokens; ids fit the 21 bits that the merge table keeps for them. The largest known vocabularies have 300,000.</summary>
    public const int MaximumTokens = (1 << 21) - 1;

    public static Vocabulary Read(GgufMetadata metadata)
    {
        GgufTexts texts = metadata.GetStrings(TokenizerKeys.Tokens) ?? throw Wrong(TokenizerKeys.Tokens, "is missing");
        if (texts.Count is 0 or > MaximumTokens)
        {
            throw Wrong(TokenizerKeys.Tokens, $"has {texts.Count} entries; 1 to {MaximumTokens} can be used");
        }

        TextIndex ids = Index(texts);
        TokenType[] types = ReadTypes(metadata, texts.Count);
        SpecialIds special = new(
            ReadId(metadata, TokenizerKeys.Bos, texts.Count),
            ReadId(metadata, TokenizerKeys.Eos, texts.Count),
            ReadId(metadata, TokenizerKeys.Eot, texts.Count),
            ReadId(metadata, TokenizerKeys.Eom, texts.Count),
            ReadId(metadata, TokenizerKeys.Unknown, texts.Count),
            ReadId(metadata, TokenizerKeys.Separator, texts.Count),
            ReadId(metadata, TokenizerKeys.Classifier, texts.Count));
        _ = ReadId(metadata, TokenizerKeys.Padding, texts.Count);
        _ = ReadId(metadata, TokenizerKeys.Mask, texts.Count);
        ChatMarkers.Promote(texts, types, ids, special);
        return new Vocabulary(texts, types, ids, special)
        {
            ModelName = metadata.GetString("general.name") ?? string.Empty,
            Architecture = metadata.GetString("general.architecture") ?? string.Empty,
            PreTokenizerName = metadata.GetString(TokenizerKeys.Pre) ?? string.Empty,
        };
    }

    /// <summary>Token scores as an order: the best score has rank 0, equal scores have equal ranks.</summary>
    public static int[] ReadScoreRanks(GgufMetadata metadata, int count)
    {
        float[] scores = ReadScores(metadata, count);
        float[] order = [.. scores.Distinct()];
        Array.Sort(order, static (a, b) => b.CompareTo(a));
        Dictionary<float, int> ranks = new(order.Length);
        for (int rank = 0; rank < order.Length; rank++)
        {
            ranks[order[rank]] = rank;
        }

        return Array.ConvertAll(scores, score => ranks[score]);
    }

    public static ModelFormatException Wrong(string key, string what) => new($"metadata key '{key}' {what}");

    private static float[] ReadScores(GgufMetadata metadata, int count)
    {
        // Some converters wrote the scores as integers.
        float[]? scores = metadata[TokenizerKeys.Scores] is long[] integers
            ? Array.ConvertAll(integers, static score => (float)score)
            : metadata.GetNumbers(TokenizerKeys.Scores)?.Select(static score => (float)score).ToArray();
        if (scores is null)
        {
            throw Wrong(TokenizerKeys.Scores, "is missing; this kind of tokenizer merges by score");
        }

        if (scores.Length != count)
        {
            throw Wrong(TokenizerKeys.Scores, $"has {scores.Length} entries for {count} tokens");
        }

        int invalid = Array.FindIndex(scores, float.IsNaN);
        return invalid < 0 ? scores : throw Wrong(TokenizerKeys.Scores, $"is not a number at entry {invalid}");
    }

    private static TextIndex Index(GgufTexts texts)
    {
        for (int id = 0; id < texts.Count; id++)
        {
            if (texts.Utf8(id).IsEmpty)
            {
                throw Wrong(TokenizerKeys.Tokens, $"has an empty text at entry {id}");
            }
        }

        var ids = TextIndex.Build(texts, out (int First, int Second)? repeated);
        return repeated is null ? ids : throw Wrong(TokenizerKeys.Tokens, $"has the same text at entries {repeated.Value.First} and {repeated.Value.Second}");
    }

    private static TokenType[] ReadTypes(GgufMetadata metadata, int count)
    {
        TokenType[] types = new TokenType[count];
        IReadOnlyList<long>? values = metadata.GetIntegers(TokenizerKeys.Types);
        if (values is null)
        {
            Array.Fill(types, TokenType.Normal);
            return types;
        }

        if (values.Count != count)
        {
            throw Wrong(TokenizerKeys.Types, $"has {values.Count} entries for {count} tokens");
        }

        for (int id = 0; id < count; id++)
        {
            types[id] = values[id] is >= 0 and <= (long)TokenType.Byte
                ? (TokenType)values[id]
                : throw Wrong(TokenizerKeys.Types, $"is {values[id].ToString(CultureInfo.InvariantCulture)} at entry {id}; token types are 0 to 6");
        }

        return types;
    }

    private static int? ReadId(GgufMetadata metadata, string key, int count) => metadata.GetInteger(key) switch
    {
        null => null,
        long id when id >= 0 && id < count => (int)id,
        long id => throw Wrong(key, $"is {id}, but there are {count} tokens"),
    };
}
