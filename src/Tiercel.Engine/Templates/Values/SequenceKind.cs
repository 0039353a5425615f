namespace Tiercel.Engine.Templates.Values;

/// <summary>What a sequence may be asked.</summary>
internal enum SequenceKind
{
    /// <summary>Everything, and it can be changed.</summary>
    List,

    /// <summary>Everything, but it cannot be changed.</summary>
    Tuple,

    /// <summary>A dictionary's keys, values or items: no positions.</summary>
    View,

    /// <summary>What <c>map</c>, <c>select</c> and their like give: no positions, no length, and always true.</summary>
    Generator,
}
