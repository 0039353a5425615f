using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Models;

/// <summary>
/// Runs a mixture of experts: each row chooses its experts, the rows of an expert are gathered and projected together, and each row sums its
/// experts by rank, so that its result does not depend on who shares an expert with it.
/// </summary>
internal sealed class ExpertFeedForward : IDisposable
{
    private readonly ModelSpec _spec;
    private readonly ExpertSpec _experts;
    private readonly StepScratch _scratch;
    private readonly GateWork _gate;
    private readonly CombineWork _combine;
    private readonly GatherWork _gather;
    private readonly ProjectionTarget[] _targets = new ProjectionTarget[2];
    private readonly FloatBuffer _router;
    private readonly FloatBuffer _gathered;
    private readonly FloatBuffer _gateUp;
    private readonly FloatBuffer _results;
    private readonly int[] _chosen;
    private readonly float[] _weights;
    private readonly int[] _place;
    private readonly int[] _rowOfPlace;
    private readonly int[] _firstPlace;
    private readonly float[] _selected;

    public ExpertFeedForward(ModelSpec spec, StepScratch scratch, int maxRows)
    {
        _spec = spec;
        _experts = spec.Experts!;
        _scratch = scratch;
        _gate = new GateWork(spec);
        _combine = new CombineWork(this);
        _gather = new GatherWork(this);
        int places = checked(maxRows * _experts.UsedCount);
        _router = new FloatBuffer(maxRows, _experts.Count);
        _gathered = new FloatBuffer(places, spec.EmbeddingLength);
        _gateUp = new FloatBuffer(maxRows, checked(2 * _experts.FeedForwardLength));
        _results = new FloatBuffer(places, spec.EmbeddingLength);
        _chosen = new int[places];
        _weights = new float[places];
        _place = new int[places];
        _rowOfPlace = new int[places];
        _firstPlace = new int[_experts.Count + 1];
        _selected = new float[_experts.UsedCount];
    }

    /// <param name="team">Threads.</param>
    /// <param name="weights">Router and experts.</param>
    /// <param name="input">[rows, embedding length].</param>
    public void Run(ThreadTeam team, ExpertWeights weights, FloatRows input)
    {
        Route(team, weights, input);
        SortByExpert(input.RowCount);
        _gather.Run(team, input);
        for (int expert = 0; expert < _experts.Count; expert++)
        {
            int first = _firstPlace[expert];
            int count = _firstPlace[expert + 1] - first;
            if (count > 0)
            {
                RunExpert(team, weights, expert, _gathered.All.Rows(first, count), _results.All.Rows(first, count));
            }
        }

        _combine.Run(team, input.RowCount, weights);
    }

    public void Dispose()
    {
        _router.Dispose();
        _gathered.Dispose();
        _gateUp.Dispose();
        _results.Dispose();
    }

    private void Route(ThreadTeam team, ExpertWeights weights, FloatRows input)
    {
        FloatRows logits = _router.All.Rows(0, input.RowCount);
        _scratch.Activations.Load(team, input);
        _targets[0] = new ProjectionTarget(weights.Router.Matrix, logits);
        Projection.Run(team, _scratch.Activations, _targets.AsSpan(0, 1));
        for (int row = 0; row < input.RowCount; row++)
        {
            Span<float> values = logits[row];
            if (weights.RouterBias is not null)
            {
                RowArithmetic.Add(weights.RouterBias, values);
            }

            ChooseExperts(values, row * _experts.UsedCount);
        }
    }

    private void ChooseExperts(Span<float> values, int first)
    {
        if (_experts.Weighting == ExpertWeighting.SoftmaxThenSelect)
        {
            TopExperts.Softmax(values);
        }

        Span<int> chosen = _chosen.AsSpan(first, _experts.UsedCount);
        TopExperts.Select(values, chosen);
        for (int rank = 0; rank < chosen.Length; rank++)
        {
            _selected[rank] = values[chosen[rank]];
        }

        if (_experts.Weighting == ExpertWeighting.SelectThenSoftmax)
        {
            TopExperts.Softmax(_selected);
        }

        float sum = 0;
        foreach (float weight in _selected)
        {
            sum += weight;
        }

        // The smallest normal float16 keeps a sum of nothing from becoming a division by zero.
        float scale = _experts.Weighting == ExpertWeighting.SoftmaxThenSelect ? 1 / MathF.Max(sum, 6.103515625e-5f) : 1;
        for (int rank = 0; rank < chosen.Length; rank++)
        {
            _weights[first + rank] = _selected[rank] * scale * _experts.Scale;
        }
    }

    /// <summary>Counting sort of the choices by expert; rows of an expert keep their order.</summary>
    private void SortByExpert(int rowCount)
    {
        int places = rowCount * _experts.UsedCount;
        Array.Clear(_firstPlace);
        for (int i = 0; i < places; i++)
        {
            _firstPlace[_chosen[i] + 1]++;
        }

        for (int expert = 0; expert < _experts.Count; expert++)
        {
            _firstPlace[expert + 1] += _firstPlace[expert];
        }

        for (int i = 0; i < places; i++)
        {
            int place = _firstPlace[_chosen[i]]++;
            _place[i] = place;
            _rowOfPlace[place] = i / _experts.UsedCount;
        }

        // Placing has moved each start to its end, which is the start of the next.
        Array.Copy(_firstPlace, 0, _firstPlace, 1, _experts.Count);
        _firstPlace[0] = 0;
    }

    private void RunExpert(ThreadTeam team, ExpertWeights weights, int expert, FloatRows input, FloatRows output)
    {
        int inner = _experts.FeedForwardLength;
        FloatRows gateUp = _gateUp.All.Rows(0, input.RowCount);
        _scratch.Activations.Load(team, input);
        _targets[0] = new ProjectionTarget(weights.Gate[expert].Matrix, gateUp.Slice(0, inner));
        _targets[1] = new ProjectionTarget(weights.Up[expert].Matrix, gateUp.Slice(inner, inner));
        Projection.Run(team, _scratch.Activations, _targets);
        _gate.Run(team, gateUp, inner, weights.GateUpBias[expert]);
        _scratch.Activations.Load(team, gateUp.Slice(0, inner));
        _targets[0] = new ProjectionTarget(weights.Down[expert].Matrix, output);
        Projection.Run(team, _scratch.Activations, _targets.AsSpan(0, 1));
    }

    private sealed class GatherWork(ExpertFeedForward owner) : RowWork
    {
        private FloatRows _input;

        public void Run(ThreadTeam team, FloatRows input)
        {
            _input = input;
            Run(team, input.RowCount * owner._experts.UsedCount);
        }

        protected override void Row(int row) => _input[owner._rowOfPlace[row]].CopyTo(owner._gathered.All[row]);
    }

    private sealed class CombineWork(ExpertFeedForward owner) : RowWork
    {
        private ExpertWeights? _expertWeights;

        public void Run(ThreadTeam team, int rowCount, ExpertWeights weights)
        {
            _expertWeights = weights;
            Run(team, rowCount);
        }

        protected override void Row(int row)
        {
            Span<float> sum = owner._scratch.Block[row];
            sum.Clear();
            for (int rank = 0; rank < owner._experts.UsedCount; rank++)
            {
                int choice = (row * owner._experts.UsedCount) + rank;
                Span<float> result = owner._results.All[owner._place[choice]];
                if (_expertWeights!.DownBias is { } bias)
                {
                    RowArithmetic.Add(bias[owner._chosen[choice]], result);
                }

                RowArithmetic.AddScaled(result, owner._weights[choice], sum);
            }
        }
    }
}
