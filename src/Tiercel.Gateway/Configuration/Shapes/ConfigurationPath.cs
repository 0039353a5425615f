using System.Text.RegularExpressions;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Paths such as <c>pools.chat.upstreams[0].url</c>; names with other characters are quoted: <c>routes["gpt-4.1"]</c>.</summary>
internal static partial class ConfigurationPath
{
    public static string Child(string parent, string name)
    {
        if (!Simple().IsMatch(name))
        {
            return $"{parent}[\"{name}\"]";
        }

        return parent.Length == 0 ? name : $"{parent}.{name}";
    }

    public static string Item(string parent, int index) => FormattableString.Invariant($"{parent}[{index}]");

    [GeneratedRegex("^[A-Za-z0-9_-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Simple();
}
