using System.Globalization;
using System.Text.RegularExpressions;

namespace Tiercel.Engine.Formats;

/// <summary>One file's place in a model that is split over several: which it is, of how many, and what the others are called.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Count">Files in the model.</param>
/// <param name="TensorCount">Tensors in all files together, where the file says so.</param>
internal sealed partial record GgufSplit(int Index, int Count, long? TensorCount)
{
    /// <summary>Reads <c>split.no</c>, <c>split.count</c> and <c>split.tensors.count</c>; null for a file that is a model of its own.</summary>
    public static GgufSplit? Of(GgufHeader header, string path)
    {
        GgufMetadata metadata = header.Metadata;
        long count = metadata.GetInteger("split.count") ?? 0;
        if (count is 0 or 1)
        {
            return null;
        }

        string file = Path.GetFileName(path);
        if (count is < 0 or > GgufLimits.SplitFiles)
        {
            throw new ModelFormatException($"{file}: metadata key 'split.count' is {count}; it must be 1 to {GgufLimits.SplitFiles}");
        }

        long index = metadata.GetInteger("split.no") ?? throw new ModelFormatException($"{file}: metadata key 'split.no' is missing in a split model");
        if (index < 0 || index >= count)
        {
            throw new ModelFormatException($"{file}: metadata key 'split.no' is {index}, and 'split.count' is {count}");
        }

        return new GgufSplit((int)index, (int)count, metadata.GetInteger("split.tensors.count"));
    }

    /// <summary>Path of another file of the same model. The name must have the usual form, <c>NAME-00001-of-00003.gguf</c>, and agree with the metadata.</summary>
    public string PathOf(string ownPath, int index)
    {
        string file = Path.GetFileName(ownPath);
        Match match = NameForm().Match(file);
        if (!match.Success)
        {
            throw new ModelFormatException($"{file}: is one of {Count} files of a split model and must be named like NAME-00001-of-{Count:D5}.gguf");
        }

        int namedIndex = int.Parse(match.Groups["no"].ValueSpan, CultureInfo.InvariantCulture) - 1;
        int namedCount = int.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
        if (namedIndex != Index || namedCount != Count)
        {
            throw new ModelFormatException($"{file}: 'split.no' {Index} and 'split.count' {Count} in the file do not agree with its name");
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"{match.Groups["stem"].ValueSpan}-{index + 1:D5}-of-{Count:D5}.gguf");
        return Path.Combine(Path.GetDirectoryName(ownPath) ?? string.Empty, name);
    }

    [GeneratedRegex(@"^(?<stem>.*)-(?<no>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking | RegexOptions.IgnoreCase)]
    private static partial Regex NameForm();
}
