namespace Tiercel.Gateway.Configuration.Yaml;

/// <summary>A single value.</summary>
/// <param name="IsPlain">Written without quotes, so that it may be a number, a truth value or nothing.</param>
internal sealed record YamlScalar(int Line, int Column, string Text, bool IsPlain) : YamlNode(Line, Column)
{
    public override long Size => 1;

    public override int Height => 1;

    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}
