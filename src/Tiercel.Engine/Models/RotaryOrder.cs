namespace Tiercel.Engine.Models;

/// <summary>Which two floats of a head are rotated together.</summary>
internal enum RotaryOrder
{
    /// <summary>(2i, 2i + 1), called NORM in GGUF circles.</summary>
    Adjacent,

    /// <summary>(i, i + n/2), called NEOX.</summary>
    Halves,
}
