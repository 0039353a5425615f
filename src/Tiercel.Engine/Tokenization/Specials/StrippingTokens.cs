using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization.Specials;

/// <summary>
/// Which special tokens swallow white space beside them. Model files have no key for it; llama.cpp tells these families by their names, and the same files
/// must give the same tokens here.
/// </summary>
internal static class StrippingTokens
{
    private static readonly string[] LeftStrippingMasks = ["jina-v2-de", "jina-v2-es", "jina-v2-code"];
    private static readonly string[] NeverStripping = ["<unk>", "<s>", "<|endoftext|>"];

    public static (HashSet<int> Left, HashSet<int> Right) Find(Vocabulary vocabulary)
    {
        HashSet<int> left = [];
        HashSet<int> right = [];
        string name = vocabulary.ModelName.ToLowerInvariant();
        if (Array.Exists(LeftStrippingMasks, vocabulary.PreTokenizerName.Contains) || vocabulary.Architecture is "nomic-bert-moe" or "jina-bert-v3")
        {
            Add(left, vocabulary, "<mask>");
        }
        else if (name.Contains("phi-3") || name.Contains("phi3"))
        {
            for (int token = 0; token < vocabulary.Count; token++)
            {
                if (vocabulary.Types[token] is TokenType.Control or TokenType.Unknown or TokenType.UserDefined)
                {
                    right.Add(token);
                }
            }

            Add(right, vocabulary, "</s>");
            foreach (string text in NeverStripping)
            {
                if (vocabulary.Find(text) is int token)
                {
                    right.Remove(token);
                }
            }
        }
        else if (name.Contains("modern-bert"))
        {
            Add(left, vocabulary, "[MASK]");
        }

        return (left, right);
    }

    private static void Add(HashSet<int> set, Vocabulary vocabulary, string text)
    {
        if (vocabulary.Find(text) is int token)
        {
            set.Add(token);
        }
    }
}
