namespace Tiercel.Engine.Models;

/// <summary>What differs from layer to layer.</summary>
/// <param name="Window">A position sees itself and the Window - 1 before it; 0 for all.</param>
/// <param name="Rotary">Index into <see cref="ModelSpec.Rotaries"/>; -1 for none.</param>
internal readonly record struct LayerSpec(int Window, int Rotary);
