using System.Runtime.Intrinsics;

namespace Tiercel.Engine.Kernels;

/// <summary>The items of a projection: one output column of one target each.</summary>
internal sealed unsafe class ProjectionWork : TeamWork
{
    private ProjectionTarget[] _targets = new ProjectionTarget[4];
    private int _targetCount;
    private FloatRows _input;

    public int Begin(FloatRows input, ReadOnlySpan<ProjectionTarget> targets)
    {
        if (targets.Length > _targets.Length)
        {
            _targets = new ProjectionTarget[targets.Length];
        }

        targets.CopyTo(_targets);
        _targetCount = targets.Length;
        _input = input;
        int items = 0;
        foreach (ProjectionTarget target in targets)
        {
            items = checked(items + target.Weights.Outputs);
        }

        return items;
    }

    public override void Execute(int item, int thread)
    {
        int target = 0;
        while (item >= _targets[target].Weights.Outputs)
        {
            item -= _targets[target++].Weights.Outputs;
        }

        WeightMatrix weights = _targets[target].Weights;
        float* w = weights.Row(item);
        FloatRows output = _targets[target].Output;
        for (int row = 0; row < _input.RowCount; row++)
        {
            output[row][item] = Dot(w, _input.Address + ((long)row * _input.Stride), weights.Inputs);
        }
    }

    private static float Dot(float* w, float* x, int count)
    {
        Vector256<float> sum = Vector256<float>.Zero;
        int i = 0;
        for (; i <= count - 8; i += 8)
        {
            sum += Vector256.Load(w + i) * Vector256.Load(x + i);
        }

        float total = Vector256.Sum(sum);
        for (; i < count; i++)
        {
            total += w[i] * x[i];
        }

        return total;
    }
}
