namespace Tiercel.Engine.Models;

/// <summary>Root-mean-square norm of queries and keys before they are rotated.</summary>
internal enum QueryKeyNorm
{
    None,

    /// <summary>Each head by itself, one weight vector for all heads.</summary>
    PerHead,

    /// <summary>All heads of a row together.</summary>
    WholeRow,
}
