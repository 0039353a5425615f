using System.Globalization;
using System.Text.RegularExpressions;

namespace Tiercel.Cli.ModelStore;

/// <summary>What the usual names of GGUF files tell: <c>NAME-QUANT.gguf</c>, <c>NAME-QUANT-00001-of-00003.gguf</c>.</summary>
/// <param name="Stem">The file's name without folder, shard number and ending.</param>
/// <param name="Quantization">Upper case, such as Q4_K_M or UD-Q4_K_XL; null where the name has none.</param>
/// <param name="Shard">From 1; 1 for a file that is not split.</param>
/// <param name="ShardCount">1 for a file that is not split.</param>
internal sealed partial record GgufFileName(string Stem, string? Quantization, int Shard, int ShardCount)
{
    /// <summary>Longest part of a name in which a quantization is looked for, in characters. File systems have no longer ones, and it bounds the search.</summary>
    private const int LongestName = 255;

    /// <summary>Projectors and importance matrices are GGUF files too, but no models.</summary>
    public bool IsModel => !Stem.StartsWith("mmproj", StringComparison.OrdinalIgnoreCase) && !Stem.Contains("imatrix", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads the name of a file; null if it does not end in <c>.gguf</c>.</summary>
    /// <param name="path">With <c>/</c> between folders.</param>
    public static GgufFileName? Of(string path)
    {
        string file = path[(path.LastIndexOf('/') + 1)..];
        if (!file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        string stem = file[..^".gguf".Length];
        Match split = ShardForm().Match(stem);
        int shard = 1;
        int count = 1;
        if (split.Success)
        {
            shard = int.Parse(split.Groups["no"].ValueSpan, CultureInfo.InvariantCulture);
            count = int.Parse(split.Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
            stem = stem[..split.Index];
        }

        // Large models often lie in a folder for each quantization; the file's own name says it better where it says it.
        string? quantization = LastQuantization(stem) ?? LastQuantization(path[..^file.Length].TrimEnd('/'));
        return new GgufFileName(stem, quantization, shard, count);
    }

    private static string? LastQuantization(string text)
    {
        Match? last = QuantizationForm().Matches(text[^Math.Min(text.Length, LongestName)..]).LastOrDefault();
        return last?.Groups["quant"].Value.ToUpperInvariant();
    }

    // No time limits: a process that gets no processor for a while would take that for a hostile name.
    [GeneratedRegex("-(?<no>[0-9]{5})-of-(?<count>[0-9]{5})$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ShardForm();

    [GeneratedRegex(
        "(?<=^|[-._/])(?<quant>(UD-)?(I?Q[1-8](_[A-Z0-9]+)+|TQ[12]_0|MXFP4(_MOE)?|NVFP4|BF16|FP?16|FP?32))(?=$|[-._/])",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase)]
    private static partial Regex QuantizationForm();
}
