namespace Tiercel.Gateway.Configuration.Yaml;

/// <summary>The file is no YAML that could be read on.</summary>
internal sealed class YamlRefusedException(int line, int column, string reason) : Exception(reason)
{
    public int Line { get; } = line;

    public int Column { get; } = column;
}
