using Spectre.Console;

namespace Tiercel.Cli.Terminal;

/// <summary>Columns under headings, without lines or colours, so that they read the same on a terminal and in a pipe.</summary>
internal static class TableWriter
{
    /// <summary>Wide enough that nothing is wrapped or cut where no terminal sets a width.</summary>
    private const int PipeWidth = 10_000;

    public static void Write(CliEnvironment environment, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        Table table = new Table().NoBorder();
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(new Text(heading)) { NoWrap = true, Padding = new Padding(0, 0, 3, 0) });
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Text(TerminalText.OneLine(cell))));
        }

        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = PipeWidth;
        console.Write(table);
        foreach (string line in text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
        {
            environment.Output.WriteLine(line);
        }
    }
}
