namespace Tiercel.Engine.Tests.Kernels;

/// <summary>What 8-bit rounding in blocks of 32 makes of a row: the twin in plain C#.</summary>
internal static class RoundedActivations
{
    public static double[] Of(float[] row)
    {
        double[] rounded = new double[row.Length];
        for (int start = 0; start < row.Length; start += 32)
        {
            float[] block = row[start..(start + 32)];
            float amax = block.Max(Math.Abs);
            float scale = amax / 127f;
            float inverse = 127f / amax;
            for (int i = 0; i < 32; i++)
            {
                rounded[start + i] = amax == 0 ? 0 : (double)scale * MathF.Round(block[i] * inverse, MidpointRounding.ToEven);
            }
        }

        return rounded;
    }
}
