using System.Text;
using Tiercel.Engine.Tokenization;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Gateway.Prompts;

/// <summary>Which tokens end a repeat for the DRY penalty: all whose text holds one of the given strings.</summary>
internal sealed class DryBreakers(Tokenizer tokenizer)
{
    private static readonly IReadOnlyList<string> Default = new CompletionBody().DryBreakers;
    private readonly Lazy<int[]> _default = new(() => Find(tokenizer, Default));

    /// <summary>The breakers of a body; none where the penalty is off, as looking for them walks the whole vocabulary.</summary>
    public IReadOnlyList<int> For(GenerationBody body) =>
        body.DryMultiplier == 0 ? []
        : body.DryBreakers.SequenceEqual(Default, StringComparer.Ordinal) ? _default.Value
        : Find(tokenizer, body.DryBreakers);

    private static int[] Find(Tokenizer tokenizer, IReadOnlyList<string> texts)
    {
        byte[][] breakers = [.. texts.Where(text => text.Length > 0).Select(Encoding.UTF8.GetBytes)];
        List<int> found = [];
        for (int token = 0; token < tokenizer.VocabularySize; token++)
        {
            foreach (byte[] breaker in breakers)
            {
                if (tokenizer.GetBytes(token).IndexOf(breaker) >= 0)
                {
                    found.Add(token);
                    break;
                }
            }
        }

        return [.. found];
    }
}
