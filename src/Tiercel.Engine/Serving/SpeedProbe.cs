using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>
/// Times a few forward passes over blocks that nobody uses: one decoding row, eight of them, a chunk of a prompt, and a chunk far behind its beginning. What is
/// in the blocks does not matter for the time. Each pass is repeated while its share of the budget lasts and the fastest one counts, since the first ones run
/// code that is not optimised yet.
/// </summary>
internal sealed class SpeedProbe(TransformerModel model, KvStorage storage, IReadOnlyList<int> blocks, SchedulerOptions options, TimeProvider time)
{
    private const int LongestChunk = 256;
    private const int Streams = 8;

    /// <summary>A clock that stands still must not keep the engine from its work.</summary>
    private const int MostRuns = 1000;

    /// <summary>Blocks of the chunk far behind the beginning, which needs most.</summary>
    public const int WantedBlocks = 4 * LongestChunk / KvStorage.BlockSize;

    private readonly StepBatch _batch = new();

    /// <summary>Null where not even one row can be computed.</summary>
    public SpeedProfile? Measure(TimeSpan budget)
    {
        int positions = Math.Min(blocks.Count * KvStorage.BlockSize, options.ContextLength);
        int streams = Math.Min(Math.Min(Streams, blocks.Count), Math.Min(options.MaxOutputs, options.TokenBudget));
        if (positions < 2 || streams < 2)
        {
            return null;
        }

        long started = time.GetTimestamp();
        double one = Fastest(budget / 8, () => Decode(1));
        double many = Fastest(budget / 8, () => Decode(streams));
        double perStream = Math.Max(0, (many - one) / (streams - 1));
        double decodeBase = Math.Max(0, one - perStream);

        // No row of a chunk costs more than a whole decoding step: that bounds the chunk a slow model is given.
        double left = Math.Max(0, (budget - time.GetElapsedTime(started)).TotalSeconds);
        int chunk = Math.Min(Math.Min(LongestChunk, positions), options.TokenBudget);
        chunk = Math.Clamp((int)Math.Min(left / 2 / Math.Max(perStream, 1e-9), chunk), Math.Min(streams, chunk), chunk);
        double near = Fastest(budget / 4, () => Prefill(0, chunk));

        // A chunk holds the work of a decoding step and more. One that seems to take less says that the step was measured while something else had the processor; then all of the
        // chunk's time is its tokens', for no gateway must believe that prompts cost nothing.
        double perToken = (near > decodeBase ? near - decodeBase : near) / chunk;
        int far = positions - chunk;
        if (far < chunk || time.GetElapsedTime(started).TotalSeconds + near > budget.TotalSeconds)
        {
            return new SpeedProfile(perToken, 0, decodeBase, perStream);
        }

        double behind = Fastest(budget / 4, () => Prefill(far, chunk));
        return new SpeedProfile(perToken, Math.Max(0, (behind - near) / ((double)chunk * far)), decodeBase, perStream);
    }

    /// <summary>Seconds of the fastest run; there is at least one.</summary>
    private double Fastest(TimeSpan budget, Action run)
    {
        double fastest = double.PositiveInfinity;
        long first = time.GetTimestamp();
        int runs = 0;
        do
        {
            long started = time.GetTimestamp();
            run();
            fastest = Math.Min(fastest, time.GetElapsedTime(started).TotalSeconds);
        }
        while (time.GetElapsedTime(first) < budget && ++runs < MostRuns);
        return fastest;
    }

    private void Decode(int streams)
    {
        _batch.Clear();
        for (int i = 0; i < streams; i++)
        {
            AddRow(token: i, position: 0);
            _batch.Sequences.Add(new StepSequence(i, 1, 0, [blocks[i]]));
            _batch.Outputs.Add((i, StepOutputKind.Logits));
        }

        model.Forward(_batch, storage);
    }

    private void Prefill(int start, int count)
    {
        _batch.Clear();
        for (int i = 0; i < count; i++)
        {
            AddRow(token: i, start + i);
        }

        _batch.Sequences.Add(new StepSequence(0, count, start, blocks));
        _batch.Outputs.Add((count - 1, StepOutputKind.Logits));
        model.Forward(_batch, storage);
    }

    private void AddRow(int token, int position)
    {
        _batch.Tokens.Add(token % model.Spec.VocabularySize);
        _batch.Positions.Add(position);
    }
}
