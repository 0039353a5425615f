namespace Tiercel.Gateway.Configuration.Yaml;

/// <summary>A part of the file with the place it begins at. An alias is the very node that its anchor names.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
internal abstract record YamlNode(int Line, int Column)
{
    /// <summary>Nodes in it, itself included, every alias counted in full.</summary>
    public abstract long Size { get; }

    /// <summary>Nodes on the longest way down, itself included.</summary>
    public abstract int Height { get; }
}
