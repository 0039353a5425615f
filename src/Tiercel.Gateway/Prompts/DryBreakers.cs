using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Gateway.Prompts;

/// <summary>
/// The tokens that end a repeat for the DRY penalty: for each string the last token of that string behind a letter, as the penalty's inventor defines it.
/// The letter keeps tokenizers that treat the beginning of a text in their own way from doing so.
/// </summary>
internal static class DryBreakers
{
    public static IReadOnlyList<int> Of(GenerationBody body, Tokenizer tokenizer)
    {
        if (body.DryMultiplier == 0)
        {
            return [];
        }

        SortedSet<int> tokens = [];
        foreach (string breaker in body.DryBreakers)
        {
            tokens.Add(tokenizer.Encode([new TextSegment("a" + breaker, IsTrusted: false)], addSpecial: false)[^1]);
        }

        return [.. tokens];
    }
}
