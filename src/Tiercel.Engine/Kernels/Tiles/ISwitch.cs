namespace Tiercel.Engine.Kernels.Tiles;

/// <summary>A truth known to the compiler.</summary>
internal interface ISwitch
{
    static abstract bool On { get; }
}

internal readonly struct Yes : ISwitch
{
    public static bool On => true;
}

internal readonly struct No : ISwitch
{
    public static bool On => false;
}
