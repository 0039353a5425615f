namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A macro as written. Extra arguments are legal only where the body asks for them by name.</summary>
internal sealed record MacroDefinition(string Name, IReadOnlyList<MacroParameter> Parameters, Body Body)
{
    public required bool UsesExtraPositional { get; init; }

    public required bool UsesExtraNamed { get; init; }

    public required bool UsesCaller { get; init; }

    public int IndexOf(string parameter)
    {
        for (int i = 0; i < Parameters.Count; i++)
        {
            if (Parameters[i].Name == parameter)
            {
                return i;
            }
        }

        return -1;
    }
}
