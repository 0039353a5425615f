using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Serving;

/// <summary>
/// Brings sampler and text of a choice to where they were after tokens that were generated elsewhere. What these tokens had made certain counts as sent: the
/// engine that began the request covers a token only with an event that holds all text it made certain.
/// </summary>
/// <param name="Text">Ready for the next token.</param>
/// <param name="Computed">Leading tokens that are computed like a prompt.</param>
/// <param name="Known">
/// The tokens after them. They are decoded again because their log probabilities are still to be sent; empty where none are asked for.
/// </param>
/// <param name="Ended">Why the choice has ended, where its tokens end it. Its text was sent whole then, and only its end is left to be sent.</param>
internal sealed record ChoiceReplay(ChoiceText Text, IReadOnlyList<int> Computed, IReadOnlyList<int> Known, FinishReason? Ended)
{
    /// <summary>Feeds the tokens to a new sampler and a new text; null where they go on after their own end, so that no engine can have made them.</summary>
    public static ChoiceReplay? TryRun(GenerationRequest request, IReadOnlyList<int> tokens, Sampler sampler, Func<ChoiceText> createText, int contextLength)
    {
        ChoiceText text = createText();
        FinishReason? ended = request.MaxTokens == 0 ? FinishReason.Length : null;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (ended is not null)
            {
                return null;
            }

            if (sampler.Ends(tokens[i]))
            {
                ended = FinishReason.Stop;
                continue;
            }

            sampler.Accept(tokens[i]);
            text.Take(new GeneratedToken(tokens[i], null, []));
            ended = text.IsStopped ? FinishReason.Stop
                : i + 1 == request.MaxTokens || request.Prompt.Count + i + 1 >= contextLength ? FinishReason.Length
                : null;
        }

        text.MarkSent();
        if (ended is not null || request.Sampling.Logprobs is null || text.SentTokens == tokens.Count)
        {
            return new ChoiceReplay(text, tokens, [], ended);
        }

        // The text is fed again with the tokens that were sent, and gets the others with their probabilities.
        int[] sent = [.. tokens.Take(text.SentTokens)];
        ChoiceText again = createText();
        foreach (int token in sent)
        {
            again.Take(new GeneratedToken(token, null, []));
        }

        return new ChoiceReplay(again, sent, [.. tokens.Skip(sent.Length)], null);
    }
}
