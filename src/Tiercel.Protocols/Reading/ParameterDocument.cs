using System.Text;

namespace Tiercel.Protocols.Reading;

/// <summary>Writes the table of parameters as a document, so that what people read is what the code does.</summary>
public static class ParameterDocument
{
    public static string Markdown()
    {
        StringBuilder text = new();
        text.Append("# Parameters of the API\n\n")
            .Append("Generated from the table that the server reads requests by; a test holds this file to it. What is not listed is refused with 400 and its name.\n")
            .Append("`null` always means \"as if absent\", for a name that is not listed too.\n\n")
            .Append("- **honoured**: does what the API says.\n")
            .Append("- **accepted**: only with the values that change nothing in the answer; others are refused.\n")
            .Append("- **refused**: known, and refused unless null.\n");
        foreach (IGrouping<string, ParameterDescription> endpoint in ApiParameters.All.GroupBy(row => row.Endpoint, StringComparer.Ordinal))
        {
            text.Append($"\n## `{endpoint.Key}`\n\n| parameter | | |\n|---|---|---|\n");
            foreach (ParameterDescription row in endpoint.OrderBy(row => row.Treatment).ThenBy(row => row.Name, StringComparer.Ordinal))
            {
                text.Append($"| `{row.Name}` | {Word(row.Treatment)} | {row.Summary.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            }
        }

        return text.ToString();
    }

    private static string Word(ParameterTreatment treatment) => treatment switch
    {
        ParameterTreatment.Honoured => "honoured",
        ParameterTreatment.Neutral => "accepted",
        _ => "refused",
    };
}
