using Tiercel.Engine.Formats;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>
/// What one token costs at least: bytes to read when it is decoded alone, operations when it is read in a prompt. With <see cref="MachineSpeed"/> it gives
/// the speed that no engine can exceed with these weights.
/// </summary>
public sealed record TokenCost
{
    private readonly double _weightBytes;
    private readonly double _kvBytesPerLayer;
    private readonly IReadOnlyList<int> _windows;

    private TokenCost(double weightBytes, double kvBytesPerLayer, IReadOnlyList<int> windows, double operations)
    {
        _weightBytes = weightBytes;
        _kvBytesPerLayer = kvBytesPerLayer;
        _windows = windows;
        PromptOperations = operations;
    }

    /// <summary>Multiplications and additions of the matrices for one token of a prompt, two for each element; attention is not counted, nor is the output table, which only the last token needs.</summary>
    public double PromptOperations { get; }

    /// <summary>Bytes read for one decoded token: matrices as the file stores them, and keys and values of the positions that are seen.</summary>
    /// <param name="context">Tokens before it.</param>
    public double DecodeBytes(double context) => _weightBytes + _windows.Sum(window => _kvBytesPerLayer * (window == 0 ? context : Math.Min(context, window)));

    internal static TokenCost Of(GgufFile file, ModelSpec spec, KvType type)
    {
        bool ownOutput = file.Tensors.ContainsKey("output.weight");
        double bytes = 0;
        double operations = 0;
        foreach (GgufTensor tensor in file.Tensors.Values.Where(tensor => tensor.Shape.Count > 1))
        {
            // A token goes through some of the experts only; their matrices are one tensor with three sizes.
            double share = tensor.Shape.Count > 2 && spec.Experts is { } experts ? (double)experts.UsedCount / experts.Count : 1;
            bool isOutput = tensor.Name is "token_embd.weight" or "output.weight";
            bytes += ownOutput && tensor.Name == "token_embd.weight" ? 0 : share * tensor.ByteCount;
            operations += isOutput ? 0 : 2 * share * tensor.Rows * tensor.Columns;
        }

        double blockBytes = spec.IsCausal ? KvStorage.BytesPerBlock(spec, type) : 0;
        return new TokenCost(bytes, blockBytes / KvStorage.BlockSize / Math.Max(1, spec.LayerCount), [.. spec.Layers.Select(layer => layer.Window)], operations);
    }
}
