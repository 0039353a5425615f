using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Engine.Tests.Models;

/// <summary>Runs several token sequences through a model in random steps: random companions, random chunks, random blocks of the cache.</summary>
internal sealed class RaggedRun
{
    private readonly LoadedModel _model;
    private readonly Random _random;
    private readonly List<int> _freeBlocks;
    private readonly List<Progress> _sequences = [];
    private readonly StepBatch _batch = new();

    public RaggedRun(LoadedModel model, int seed)
    {
        _model = model;
        _random = new Random(seed);
        _freeBlocks = [.. Enumerable.Range(0, model.Cache.BlockCount)];
    }

    /// <summary>Adds a sequence; returns its index.</summary>
    public int Add(int[] tokens)
    {
        _sequences.Add(new Progress(tokens, new float[tokens.Length][]));
        return _sequences.Count - 1;
    }

    /// <summary>Logits of the rows that were asked for, null for the others.</summary>
    public float[]?[] Logits(int sequence) => _sequences[sequence].Logits;

    /// <summary>Steps until every sequence has been run.</summary>
    /// <param name="largestChunk">Rows of a sequence in one step, at most.</param>
    public void Finish(int largestChunk)
    {
        while (_sequences.Any(sequence => sequence.Done < sequence.Tokens.Length))
        {
            Step(largestChunk);
        }
    }

    private void Step(int largestChunk)
    {
        _batch.Clear();
        List<(Progress Sequence, int Position)> wanted = [];
        foreach (Progress sequence in _sequences.OrderBy(_ => _random.Next()))
        {
            int left = sequence.Tokens.Length - sequence.Done;
            if (left == 0 || _random.Next(3) == 0)
            {
                continue;
            }

            int rows = Math.Min(left, 1 + _random.Next(largestChunk));
            int blocks = ((sequence.Done + rows - 1) / KvStorage.BlockSize) + 1;
            while (sequence.Blocks.Count < blocks)
            {
                int pick = _random.Next(_freeBlocks.Count);
                sequence.Blocks.Add(_freeBlocks[pick]);
                _freeBlocks.RemoveAt(pick);
            }

            _batch.Sequences.Add(new StepSequence(_batch.Tokens.Count, rows, sequence.Done, sequence.Blocks));
            for (int i = 0; i < rows; i++)
            {
                if (_random.Next(2) == 0 || sequence.Done + 1 == sequence.Tokens.Length)
                {
                    _batch.Outputs.Add((_batch.Tokens.Count, StepOutputKind.Logits));
                    wanted.Add((sequence, sequence.Done));
                }

                _batch.Positions.Add(sequence.Done);
                _batch.Tokens.Add(sequence.Tokens[sequence.Done++]);
            }
        }

        if (_batch.Tokens.Count > 0)
        {
            _model.Model.Forward(_batch, _model.Cache);
        }

        for (int i = 0; i < wanted.Count; i++)
        {
            wanted[i].Sequence.Logits[wanted[i].Position] = _model.Model.GetOutput(i).ToArray();
        }
    }

    private sealed class Progress(int[] tokens, float[]?[] logits)
    {
        public int[] Tokens { get; } = tokens;

        public float[]?[] Logits { get; } = logits;

        public List<int> Blocks { get; } = [];

        public int Done { get; set; }
    }
}
