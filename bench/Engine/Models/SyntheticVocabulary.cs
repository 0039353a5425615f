using System.Globalization;

namespace Tiercel.Bench.Engine.Models;

/// <summary>A byte-pair vocabulary of any size that says nothing: the 256 bytes, one merge, numbered words, and one control token at the end.</summary>
internal static class SyntheticVocabulary
{
    public static string[] Merges { get; } = ["a b"];

    public static string[] Tokens(int count)
    {
        string[] tokens = new string[count];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            // GPT-2's alphabet: printable bytes stand for themselves, the others for code points from 256.
            bool printable = value is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or (>= 0xae and <= 0xff);
            tokens[value] = ((char)(printable ? value : next++)).ToString();
        }

        tokens[256] = "ab";
        for (int token = 257; token < count - 1; token++)
        {
            tokens[token] = string.Create(CultureInfo.InvariantCulture, $"w{token}");
        }

        tokens[count - 1] = "<|end|>";
        return tokens;
    }
}
