using System.Text.RegularExpressions;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>Texts to be tokenized, from the file beside the real model.</summary>
internal static partial class BenchTexts
{
    private const int WordCount = 86_000;

    /// <summary>A long document: prose, tables, code.</summary>
    public static string Markdown(string model) => File.ReadAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(model))!, "markdown-408k.txt"));

    /// <summary>Its words alone, with a space between, over and over.</summary>
    public static string PlainWords(string model)
    {
        string[] words = [.. Word().Matches(Markdown(model)).Select(match => match.Value)];
        return string.Join(' ', Enumerable.Range(0, WordCount).Select(i => words[i % words.Length]));
    }

    [GeneratedRegex("[A-Za-z]{2,}", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
