using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>
/// Hands out the tensors of a file, each with the shape that is expected of it, and remembers which were taken: a weight that nobody takes would be
/// silently missing from the computation.
/// </summary>
internal sealed class TensorSource
{
    private readonly GgufFile _file;
    private readonly List<StoredMatrix> _matrices = [];
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public TensorSource(GgufFile file)
    {
        _file = file;
    }

    /// <summary>Every matrix that was handed out.</summary>
    public IReadOnlyList<StoredMatrix> Matrices => _matrices;

    public bool Has(string name) => _file.Tensors.ContainsKey(name);

    /// <summary>A matrix W [outputs, inputs].</summary>
    public StoredMatrix Matrix(string name, int inputs, int outputs)
    {
        GgufTensor tensor = Take(name, inputs, outputs);
        return Add(new StoredMatrix(new StoredTensor(tensor.Type, _file.GetAddress(tensor), outputs, inputs)));
    }

    /// <summary>One matrix for each expert of a tensor [inputs, outputs, experts].</summary>
    public StoredMatrix[] Experts(string name, int inputs, int outputs, int count)
    {
        GgufTensor tensor = Take(name, inputs, outputs, count);
        long bytes = checked(TensorLayout.Of(tensor.Type).RowBytes(inputs) * outputs);
        nint address = _file.GetAddress(tensor);
        StoredMatrix[] matrices = new StoredMatrix[count];
        for (int expert = 0; expert < count; expert++)
        {
            matrices[expert] = Add(new StoredMatrix(new StoredTensor(tensor.Type, address + (nint)(expert * bytes), outputs, inputs)));
        }

        return matrices;
    }

    /// <summary>Rows that are expanded one at a time: an embedding table.</summary>
    public StoredRows Table(string name, int columns, int rows) => new(_file, Take(name, columns, rows));

    public float[] Vector(string name, int length)
    {
        StoredRows rows = new(_file, Take(name, length));
        float[] values = new float[length];
        rows.Read(0, values);
        return values;
    }

    /// <summary>A vector that the file may lack.</summary>
    public float[]? OptionalVector(string name, int length) => Has(name) ? Vector(name, length) : null;

    /// <summary>One vector for each expert of a tensor [length, experts], or null where the file has none.</summary>
    public float[][]? OptionalVectors(string name, int length, int count)
    {
        if (!Has(name))
        {
            return null;
        }

        StoredRows rows = Table(name, length, count);
        float[][] values = new float[count][];
        for (int i = 0; i < count; i++)
        {
            values[i] = new float[length];
            rows.Read(i, values[i]);
        }

        return values;
    }

    /// <summary>Marks a tensor that is known and not needed.</summary>
    public void Ignore(string name) => _taken.Add(name);

    /// <exception cref="ModelFormatException">A tensor was never asked for.</exception>
    public void CheckAllTaken(string architecture)
    {
        foreach (string name in _file.Tensors.Keys)
        {
            if (!_taken.Contains(name))
            {
                throw new ModelFormatException($"tensor '{name}' has no place in architecture '{architecture}'; running without it would be wrong");
            }
        }
    }

    private StoredMatrix Add(StoredMatrix matrix)
    {
        _matrices.Add(matrix);
        return matrix;
    }

    private GgufTensor Take(string name, params ReadOnlySpan<int> shape)
    {
        GgufTensor tensor = _file.Tensors.GetValueOrDefault(name) ?? throw new ModelFormatException($"tensor '{name}' is missing");
        _taken.Add(name);
        bool fits = tensor.Shape.Count >= shape.Length;
        for (int i = 0; fits && i < tensor.Shape.Count; i++)
        {
            // Trailing sizes of 1 may be written or left out.
            fits = tensor.Shape[i] == (i < shape.Length ? shape[i] : 1);
        }

        return fits ? tensor : throw new ModelFormatException(
            $"tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}]; [{string.Join(", ", shape.ToArray())}] is expected");
    }
}
