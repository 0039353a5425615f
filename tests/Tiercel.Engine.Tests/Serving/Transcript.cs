using System.Globalization;
using System.Text;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>
/// All that a request answers, written so that two answers are equal exactly when every text, token, probability (bit for bit) and end
/// is.
/// </summary>
internal static class Transcript
{
    /// <summary>Reads a stream to its end. Fails when a choice says something after its end, or never ends.</summary>
    public static async Task<string> ReadAsync(GenerationStream stream, int choices, CancellationToken cancellation)
    {
        StringBuilder[] texts = [.. Enumerable.Range(0, choices).Select(_ => new StringBuilder())];
        StringBuilder[] tokens = [.. Enumerable.Range(0, choices).Select(_ => new StringBuilder())];
        FinishReason?[] ends = new FinishReason?[choices];
        string prompt = "";
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellation))
        {
            Assert.True(ends[news.Choice] is null, $"choice {news.Choice} goes on after {ends[news.Choice]}");
            texts[news.Choice].Append(news.Text);
            tokens[news.Choice].AppendJoin(' ', news.Tokens.Select(Describe)).Append(news.Tokens.Count > 0 ? " " : "");
            ends[news.Choice] = news.Finish;
            prompt += string.Join(' ', (news.PromptTokens ?? []).Select(Describe));
            Assert.True(news.Error is null, news.Error?.Message);
        }

        Assert.DoesNotContain(null, ends);
        return prompt + string.Concat(Enumerable.Range(0, choices).Select(i => $"\n{i}: {texts[i]}\n{tokens[i]}\n{ends[i]}"));
    }

    /// <summary>Where two answers part, for a message: models of random weights write control characters.</summary>
    public static string Difference(string alone, string together)
    {
        int at = alone.AsSpan().CommonPrefixLength(together);
        return $"after {at} equal characters '{Around(alone)}' alone and '{Around(together)}' together";

        string Around(string text) =>
            string.Concat(text.Skip(Math.Max(0, at - 40)).Take(120).Select(c => char.IsAsciiLetterOrDigit(c) || "=, ".Contains(c) ? c : '.'));
    }

    private static string Describe(GeneratedToken token) =>
        $"{token.Token}{Bits(token.Logprob)}{string.Concat(token.Alternatives.Select(a => $",{a.Token}{Bits(a.Logprob)}"))}";

    private static string Bits(float? value) =>
        value is { } number ? $"={BitConverter.SingleToInt32Bits(number).ToString("x8", CultureInfo.InvariantCulture)}" : "";
}
