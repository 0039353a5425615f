using Tiercel.Cli.Chat;

namespace Tiercel.Cli.Json;

/// <summary>The answer of <c>tiercel run --json</c>.</summary>
internal sealed record RunAnswer(
    string Model,
    string Text,
    string FinishReason,
    int PromptTokens,
    int CachedTokens,
    int OutputTokens,
    double FirstTokenSeconds,
    double TotalSeconds,
    double PromptTokensPerSecond,
    double OutputTokensPerSecond)
{
    public static RunAnswer Of(string model, ChatTurn turn) => new(
        model,
        turn.Text,
        turn.Finish.ToString().ToLowerInvariant(),
        turn.Usage.PromptTokens,
        turn.Usage.CachedTokens,
        turn.Usage.OutputTokens,
        turn.FirstToken.TotalSeconds,
        turn.Total.TotalSeconds,
        turn.PromptRate,
        turn.OutputRate);
}
