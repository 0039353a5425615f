using System.Text;

namespace Tiercel.Cli.Terminal;

/// <summary>
/// Text from models, files and servers may carry escape sequences that move the cursor, set the title or answer in the user's name. Nothing
/// that a terminal would act on gets through but line ends and tabs.
/// </summary>
internal static class TerminalText
{
    /// <summary>Leaves out control characters (C0 but line feed and tab, delete, C1).</summary>
    public static string Strip(string text)
    {
        if (!text.Any(IsRemoved))
        {
            return text;
        }

        StringBuilder kept = new(text.Length);
        foreach (char c in text)
        {
            if (!IsRemoved(c))
            {
                kept.Append(c);
            }
        }

        return kept.ToString();
    }

    /// <summary>The same, with line ends and tabs as spaces.</summary>
    public static string OneLine(string text) =>
        Strip(text.Replace("\r\n", " ", StringComparison.Ordinal).Replace('\n', ' ').Replace('\t', ' ')).Trim();

    // char.IsControl is true for exactly U+0000 to U+001F and U+007F to U+009F.
    private static bool IsRemoved(char c) => char.IsControl(c) && c is not ('\n' or '\t');
}
