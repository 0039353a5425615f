using System.Text;
using System.Text.RegularExpressions;

namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>
/// The pre-tokenizers as regular expressions, applied in sequence as llama.cpp does: each cuts the pieces of the one before at its matches and between them.
/// .NET's engine sees UTF-16 units, so the oracle holds for text without surrogates.
/// </summary>
internal static class SplitterOracle
{
    private const string Contraction = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Ending = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Upper = @"((?=[\p{L}])([^a-z]))";
    private const string Lower = @"((?=[\p{L}])([^A-Z]))";
    private const string Cjk = @"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";

    public static readonly IReadOnlyDictionary<string, string[]> Expressions = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["llama-bpe"] = [Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Ending],
        ["qwen2"] = [Contraction + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Ending],
        ["qwen35"] = [Contraction + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Ending],
        ["gpt-2"] = [Gpt2],
        ["smollm"] = [@"\p{N}", Gpt2],
        ["gpt-4o"] =
        [
            $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contraction}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contraction}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*" + Ending,
        ],
        ["tekken"] = [$@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*" + Ending],
        ["deepseek-coder"] = [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", Cjk, @"\p{N}"],
        ["deepseek-llm"] =
        [
            @"[\r\n]",
            @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ\u10A0-\u10C5\uFB00-\uFB06\uFF21-\uFF3A\uFF41-\uFF5A]+",
            @"\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+",
            @"\s+$",
            Cjk,
            @"\p{N}+",
        ],
        ["deepseek-v3"] =
        [
            @"\p{N}{1,3}",
            @"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+",
            @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + Ending,
        ],
        ["falcon"] = [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"],
        ["default"] = [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"],
    };

    private static readonly Dictionary<string, Regex[]> Compiled = Expressions.ToDictionary(
        static pair => pair.Key,
        static pair => Array.ConvertAll(pair.Value, static expression => new Regex(expression, RegexOptions.CultureInvariant)),
        StringComparer.Ordinal);

    /// <summary>The ends of the pieces, in bytes of UTF-8.</summary>
    public static List<int> Split(string name, string text)
    {
        List<string> pieces = text.Length == 0 ? [] : [text];
        foreach (Regex expression in Compiled[name])
        {
            pieces = [.. pieces.SelectMany(piece => Cut(expression, piece))];
        }

        List<int> ends = [];
        foreach (string piece in pieces)
        {
            ends.Add((ends.Count == 0 ? 0 : ends[^1]) + Encoding.UTF8.GetByteCount(piece));
        }

        return ends;
    }

    private static IEnumerable<string> Cut(Regex expression, string piece)
    {
        int at = 0;
        foreach (Match match in expression.Matches(piece))
        {
            if (match.Index > at)
            {
                yield return piece[at..match.Index];
            }

            yield return match.Value;
            at = match.Index + match.Length;
        }

        if (at < piece.Length)
        {
            yield return piece[at..];
        }
    }
}
