using System.Runtime.CompilerServices;
using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Models;

/// <summary>Checks a step before anything is computed: a wrong block or token would corrupt the cache of others.</summary>
internal static class StepValidation
{
    public static void Check(ModelSpec spec, ModelLoadOptions options, StepBatch batch, KvStorage? cache)
    {
        int rows = batch.Tokens.Count;
        Require(rows > 0 && rows <= options.MaxRows, $"a step of {rows} rows; 1 to {options.MaxRows} are possible");
        Require(batch.Positions.Count == rows, $"{batch.Positions.Count} positions for {rows} tokens");
        foreach (int token in batch.Tokens)
        {
            Require((uint)token < (uint)spec.VocabularySize, $"token {token} is not in a vocabulary of {spec.VocabularySize}");
        }

        CheckCache(spec, cache);
        int next = 0;
        foreach (StepSequence sequence in batch.Sequences)
        {
            CheckSequence(spec, batch, sequence, next, cache);
            next += sequence.RowCount;
        }

        Require(next == rows, $"the sequences cover {next} of {rows} rows");
        CheckOutputs(spec, options, batch);
    }

    private static void CheckCache(ModelSpec spec, KvStorage? cache)
    {
        if (!spec.IsCausal)
        {
            Require(cache is null, $"an encoder keeps no cache");
            return;
        }

        Require(cache is not null, $"a causal model needs a cache");
        Require(cache!.Layout == KvLayout.Of(spec, cache.Type), $"the cache was made for another model");
    }

    private static void CheckSequence(ModelSpec spec, StepBatch batch, StepSequence sequence, int firstRow, KvStorage? cache)
    {
        Require(sequence.FirstRow == firstRow, $"a sequence starts at row {sequence.FirstRow}, not {firstRow}");
        Require(sequence.RowCount > 0 && sequence.RowCount <= batch.Tokens.Count - firstRow, $"a sequence of {sequence.RowCount} rows at row {firstRow}");
        Require(sequence.Start >= 0 && sequence.Start <= int.MaxValue - sequence.RowCount, $"a sequence starts at position {sequence.Start}");
        for (int i = 0; i < sequence.RowCount; i++)
        {
            Require(batch.Positions[firstRow + i] == sequence.Start + i, $"row {firstRow + i} has position {batch.Positions[firstRow + i]}, not {sequence.Start + i}");
        }

        if (cache is null)
        {
            Require(sequence.Start == 0, $"an encoder takes whole texts");
            Require(sequence.RowCount <= spec.TrainedContextLength, $"a text of {sequence.RowCount} tokens; the model has {spec.TrainedContextLength} positions");
            return;
        }

        int blocks = ((sequence.Start + sequence.RowCount - 1) / KvStorage.BlockSize) + 1;
        Require(sequence.Blocks.Count >= blocks, $"{sequence.Blocks.Count} cache blocks for {sequence.Start + sequence.RowCount} positions");
        for (int i = 0; i < blocks; i++)
        {
            Require((uint)sequence.Blocks[i] < (uint)cache.BlockCount, $"cache block {sequence.Blocks[i]} of {cache.BlockCount}");
        }
    }

    private static void CheckOutputs(ModelSpec spec, ModelLoadOptions options, StepBatch batch)
    {
        int previous = -1;
        int logits = 0;
        foreach ((int row, StepOutputKind kind) in batch.Outputs)
        {
            Require(row > previous && row < batch.Tokens.Count, $"output row {row} after row {previous} of {batch.Tokens.Count}");
            previous = row;
            Require(kind == StepOutputKind.Hidden || spec.IsCausal, $"an encoder has no logits");
            logits += kind == StepOutputKind.Logits ? 1 : 0;
        }

        Require(logits <= options.MaxOutputs, $"logits of {logits} rows; at most {options.MaxOutputs} are possible");
    }

    /// <summary>The message is only composed when it is needed.</summary>
    private static void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref RefusalMessage message)
    {
        if (!condition)
        {
            throw new ArgumentException(message.ToString());
        }
    }
}
