using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>A model in memory: one forward pass that executes a <see cref="ModelSpec"/>. Used by one thread at a time.</summary>
public sealed class TransformerModel : IDisposable
{
    private readonly ModelLoadOptions _options;
    private readonly ThreadTeam _team;
    private readonly ModelWeights _weights;
    private readonly StepScratch _scratch;
    private readonly StepOutputs _outputs;
    private readonly EncoderCache? _encoderCache;
    private readonly EmbedWork _embed;
    private readonly CacheWriteWork _cacheWrite;
    private readonly AttentionWork _attention;
    private readonly ResidualWork _residual;
    private readonly FeedForward _feedForward;
    private readonly ExpertFeedForward? _experts;
    private readonly ProjectionTarget[] _targets = new ProjectionTarget[3];

    private TransformerModel(ModelSpec spec, ModelWeights weights, ModelLoadOptions options, ThreadTeam team)
    {
        Spec = spec;
        _weights = weights;
        _options = options;
        _team = team;
        _scratch = new StepScratch(spec, options.MaxRows, options.MaxOutputs);
        _outputs = new StepOutputs(spec, weights, _scratch);
        _encoderCache = spec.IsCausal ? null : new EncoderCache(spec, options.MaxRows);
        _embed = new EmbedWork(spec, weights, _scratch);
        _cacheWrite = new CacheWriteWork(spec, weights, _scratch);
        _attention = new AttentionWork(spec, team.ThreadCount);
        _residual = new ResidualWork(spec, _scratch);
        _feedForward = new FeedForward(spec, _scratch);
        _experts = spec.Experts is null ? null : new ExpertFeedForward(spec, _scratch, options.MaxRows);
    }

    public ModelSpec Spec { get; }

    /// <summary>Bytes of weights in memory; the embedding table is read where it lies, in the mapped file.</summary>
    public long WeightBytes => _weights.ByteCount;

    /// <summary>Reads the specification and repacks the weights. The file must stay open as long as the model is used.</summary>
    /// <exception cref="ModelFormatException">A tensor or key is missing, or shapes disagree.</exception>
    public static TransformerModel Load(GgufFile file, ModelLoadOptions options, ThreadTeam team)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(team);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxRows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxOutputs, 1);
        ModelSpec spec = ModelSpec.Read(file, options.ContextLength);
        return new TransformerModel(spec, ModelWeights.Load(file, spec, options.WeightPrecision, team), options, team);
    }

    /// <summary>
    /// Runs one step: writes keys and values of every row, then attends, layer by layer, so that a row may read what another row of the
    /// same step has written.
    /// </summary>
    /// <param name="batch">At most <see cref="ModelLoadOptions.MaxRows"/> rows.</param>
    /// <param name="cache">Null for encoders, which keep nothing.</param>
    /// <exception cref="ArgumentException">The batch contradicts itself, the model or the cache; nothing has been computed.</exception>
    public void Forward(StepBatch batch, KvStorage? cache)
    {
        ArgumentNullException.ThrowIfNull(batch);
        StepValidation.Check(Spec, _options, batch, cache);
        StepBatch planned = _encoderCache?.Plan(batch) ?? batch;
        KvStorage storage = cache ?? _encoderCache!.Storage;
        _cacheWrite.Plan(planned, storage);
        _attention.Plan(planned);
        _embed.Run(_team, planned);

        int rows = batch.Tokens.Count;
        for (int layer = 0; layer < Spec.LayerCount; layer++)
        {
            rows = Attend(layer, rows, batch, storage);
            if (rows > 0)
            {
                FeedForward(layer, rows);
            }
        }

        _outputs.Compute(_team, batch);
    }

    /// <summary>Result of the i-th entry of <see cref="StepBatch.Outputs"/>, valid (and writable) until the next step.</summary>
    public Span<float> GetOutput(int index) => _outputs[index];

    public void Dispose()
    {
        _attention.Dispose();
        _experts?.Dispose();
        _encoderCache?.Dispose();
        _scratch.Dispose();
        _weights.Dispose();
    }

    /// <summary>What projections of a layer read: normalised rows, or the residual stream where norms come after the block.</summary>
    private FloatRows ProjectionInput(int rows) => (Spec.NormPlacement is NormPlacement.Before or NormPlacement.BeforeAndAfter ? _scratch.Normed : _scratch.Residual).Rows(0, rows);

    /// <summary>The attention block of a layer. Returns the rows that go on: after the last layer's attention only those whose result is wanted.</summary>
    private int Attend(int layer, int rows, StepBatch batch, KvStorage storage)
    {
        LayerWeights weights = _weights.Layers[layer];
        int cacheLayer = Spec.IsCausal ? layer : 0;
        FloatRows all = _scratch.QueryKeyValue.Rows(0, rows);
        int first = 0;
        for (int i = 0; i < weights.QueryKeyValue.Length; i++)
        {
            _targets[i] = new ProjectionTarget(weights.QueryKeyValue[i].Matrix, all.Slice(first, weights.QueryKeyValue[i].Outputs));
            first += weights.QueryKeyValue[i].Outputs;
        }

        _scratch.Activations.Load(_team, ProjectionInput(rows));
        Projection.Run(_team, _scratch.Activations, _targets.AsSpan(0, weights.QueryKeyValue.Length));
        _cacheWrite.Run(_team, layer, cacheLayer);
        if (layer == Spec.LayerCount - 1 && batch.Outputs.Count == 0)
        {
            return 0;
        }

        FloatRows queries = all.Slice(0, Spec.QueryWidth);
        _attention.Run(_team, new AttentionQuery(queries, _scratch.Attention.Rows(0, rows), storage, cacheLayer, Spec.Layers[layer].Window, weights.Sinks));
        int kept = layer == Spec.LayerCount - 1 ? _outputs.KeepWanted(batch) : rows;
        _scratch.Activations.Load(_team, _scratch.Attention.Rows(0, kept));
        _targets[0] = new ProjectionTarget(weights.Output.Matrix, _scratch.Block.Rows(0, kept));
        Projection.Run(_team, _scratch.Activations, _targets.AsSpan(0, 1));
        _residual.Run(_team, kept, weights.OutputBias, weights.PostAttentionNorm, weights.FeedForwardNorm);
        return kept;
    }

    private void FeedForward(int layer, int rows)
    {
        LayerWeights weights = _weights.Layers[layer];
        FloatRows input = ProjectionInput(rows);
        if (weights.Experts is not null)
        {
            _experts!.Run(_team, weights.Experts, input);
        }
        else
        {
            _feedForward.Run(_team, weights.Dense!, input);
        }

        NormWeights? next = layer + 1 < Spec.LayerCount ? _weights.Layers[layer + 1].AttentionNorm : null;
        _residual.Run(_team, rows, weights.Dense?.DownBias, weights.PostFeedForwardNorm, next);
    }
}
