using System.Globalization;

namespace Tiercel.Cli.Chat;

/// <summary>The lines of <c>--verbose</c>.</summary>
internal static class TurnReport
{
    public static void Write(TextWriter writer, ChatTurn turn)
    {
        int computed = turn.Usage.PromptTokens - turn.Usage.CachedTokens;
        string cached = turn.Usage.CachedTokens > 0 ? $", {turn.Usage.CachedTokens} more from the cache" : "";
        writer.WriteLine(Line($"prompt eval:  {computed} tokens in {turn.FirstToken.TotalSeconds:F2} s, {turn.PromptRate:F1} tokens/s{cached}"));
        writer.WriteLine(Line($"eval:         {turn.Usage.OutputTokens} tokens in {(turn.Total - turn.FirstToken).TotalSeconds:F2} s, {turn.OutputRate:F1} tokens/s"));
        writer.WriteLine(Line($"total:        {turn.Total.TotalSeconds:F2} s, finish reason {turn.Finish.ToString().ToLowerInvariant()}"));
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
