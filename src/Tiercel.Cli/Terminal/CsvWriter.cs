namespace Tiercel.Cli.Terminal;

/// <summary>Comma-separated values as RFC 4180 has them, with line feeds.</summary>
internal static class CsvWriter
{
    private static readonly char[] Quoted = [',', '"', '\n', '\r'];

    public static void Write(CliEnvironment environment, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        foreach (IReadOnlyList<string> row in rows.Prepend(headings))
        {
            environment.Output.Write(string.Join(',', row.Select(Cell)));
            environment.Output.Write('\n');
        }
    }

    private static string Cell(string text)
    {
        // A spreadsheet takes these for formulas; in front of a quote it shows them.
        string safe = text.Length > 0 && text[0] is '=' or '+' or '@' or '\t' ? "'" + text : text;
        return safe.IndexOfAny(Quoted) < 0 ? safe : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
