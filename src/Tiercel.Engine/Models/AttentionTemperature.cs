namespace Tiercel.Engine.Models;

/// <summary>Queries at position p are multiplied by 1 + Scale * ln(1 + floor(p / Length)).</summary>
internal sealed record AttentionTemperature(float Scale, int Length)
{
    public float At(int position) => (float)((Math.Log(Math.Floor((double)position / Length) + 1.0) * Scale) + 1.0);
}
