namespace Tiercel.Engine.Templates.Values;

/// <summary>The elements a slice takes: <paramref name="Count"/> of them, from <paramref name="Start"/> on, each <paramref name="Step"/> further.</summary>
internal readonly record struct SliceIndices(int Start, int Count, int Step);
