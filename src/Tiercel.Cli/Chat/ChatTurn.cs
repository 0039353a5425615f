using Tiercel.Engine;

namespace Tiercel.Cli.Chat;

/// <summary>One answer, and how long it took.</summary>
/// <param name="Text">The answer as far as it came.</param>
/// <param name="Finish">How it ended.</param>
/// <param name="Usage">In tokens.</param>
/// <param name="FirstToken">From the request to the first token.</param>
/// <param name="Total">From the request to the end.</param>
internal sealed record ChatTurn(string Text, FinishReason Finish, GenerationUsage Usage, TimeSpan FirstToken, TimeSpan Total)
{
    /// <summary>Prompt tokens computed a second; cached ones were not.</summary>
    public double PromptRate => Rate(Usage.PromptTokens - Usage.CachedTokens, FirstToken);

    /// <summary>Output tokens a second after the first.</summary>
    public double OutputRate => Rate(Usage.OutputTokens - 1, Total - FirstToken);

    private static double Rate(int tokens, TimeSpan time) => tokens > 0 && time > TimeSpan.Zero ? tokens / time.TotalSeconds : 0;
}
