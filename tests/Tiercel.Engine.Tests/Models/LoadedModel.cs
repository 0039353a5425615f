using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>A model with its file, threads and cache, as a test uses it.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly GgufFile _file;
    private readonly ThreadTeam _team;
    private readonly StepBatch _batch = new();

    public LoadedModel(string path, WeightPrecision precision, KvType kvType, int threads = 1, int contextLength = 256, int blocks = 64, int maxRows = 512)
    {
        _file = GgufFile.Open(path);
        _team = new ThreadTeam(threads);
        Model = TransformerModel.Load(
            _file,
            new ModelLoadOptions { WeightPrecision = precision, KvType = kvType, ContextLength = contextLength, MaxRows = maxRows, MaxOutputs = maxRows },
            _team);
        Cache = new KvStorage(Model.Spec, kvType, Model.Spec.IsCausal ? blocks : 0);
    }

    public TransformerModel Model { get; }

    public KvStorage Cache { get; }

    public bool HasFloatWeightsOnly => _file.Tensors.Values.All(tensor => tensor.Type is TensorType.F32 or TensorType.F16 or TensorType.BF16);

    /// <summary>Runs the next tokens of one sequence whose blocks are 0, 1, 2, …; returns [tokens][vocabulary].</summary>
    public float[][] Run(ReadOnlySpan<int> tokens, int start = 0)
    {
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.Tokens.Add(tokens[i]);
            _batch.Positions.Add(start + i);
            _batch.Outputs.Add((i, StepOutputKind.Logits));
        }

        int blocks = ((start + tokens.Length - 1) / KvStorage.BlockSize) + 1;
        _batch.Sequences.Add(new StepSequence(0, tokens.Length, start, [.. Enumerable.Range(0, blocks)]));
        Model.Forward(_batch, Cache);
        return [.. Enumerable.Range(0, tokens.Length).Select(i => Model.GetOutput(i).ToArray())];
    }

    public void Dispose()
    {
        Cache.Dispose();
        Model.Dispose();
        _team.Dispose();
        _file.Dispose();
    }
}
