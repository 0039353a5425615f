using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Tiercel.Cli.ModelStore;

/// <summary>A model on the hub: <c>user/repo</c>, <c>user/repo:QUANT</c> or <c>user/repo:FILE.gguf</c>, also with <c>hf.co/</c> before it.</summary>
/// <param name="Variant">A quantization or a file's name.</param>
internal sealed partial record HubModelName(string User, string Repository, string? Variant)
{
    private static readonly string[] Prefixes = ["https://hf.co/", "https://huggingface.co/", "hf.co/", "huggingface.co/"];

    /// <summary><c>user/repo</c>.</summary>
    public string FullName => $"{User}/{Repository}";

    /// <exception cref="ModelStoreException">The text has another form.</exception>
    public static HubModelName Parse(string text)
        => TryParse(text, out HubModelName? name) ? name : throw new ModelStoreException($"'{StorePaths.Show(text)}' is not a model name; write user/repo or user/repo:QUANT");

    public static bool TryParse(string text, [NotNullWhen(true)] out HubModelName? name)
    {
        string? prefix = Prefixes.FirstOrDefault(prefix => text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
        Match match = Form().Match(text, prefix?.Length ?? 0);
        Group variant = match.Groups["variant"];
        name = match.Success && !text.Contains("..", StringComparison.Ordinal)
            ? new HubModelName(match.Groups["user"].Value, match.Groups["repo"].Value, variant.Success ? variant.Value : null)
            : null;
        return name is not null;
    }

    // \G: from where the prefix ends. The hub allows letters, digits, '-', '_' and '.', at most 96 characters.
    [GeneratedRegex(
        @"\G(?<user>[A-Za-z0-9][A-Za-z0-9._-]{0,95})/(?<repo>[A-Za-z0-9][A-Za-z0-9._-]{0,95})(:(?<variant>[^\p{C}\\:]{1,255}))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
