namespace Tiercel.Gateway.Configuration;

/// <summary>One thing that is wrong with a configuration file.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">From 1; 0 where the file as a whole is meant.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Path">Where in the configuration, such as <c>pools.chat.upstreams[0].url</c>; empty for the whole.</param>
/// <param name="Reason">What is wrong. Never holds a secret's value.</param>
public sealed record ConfigurationError(string File, int Line, int Column, string Path, string Reason)
{
    /// <summary><c>file:line:column: path: reason</c>, which editors and terminals make a link of.</summary>
    public override string ToString()
    {
        string place = Line > 0 ? FormattableString.Invariant($"{File}:{Line}:{Column}") : File;
        return Path.Length > 0 ? $"{place}: {Path}: {Reason}" : $"{place}: {Reason}";
    }
}
