using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>What a job may do to the scheduler, with the book of who owns which sequence kept right. Step thread only.</summary>
internal sealed class JobContext(Scheduler scheduler, int contextLength)
{
    private readonly Dictionary<long, EngineJob> _owners = [];
    private bool _isAbandoned;

    /// <summary>Tokens one sequence may have.</summary>
    public int ContextLength { get; } = contextLength;

    /// <summary>Tokens sampled since the start.</summary>
    public long GeneratedTokens { get; private set; }

    /// <summary>The jobs that own a sequence, each once.</summary>
    public EngineJob[] Jobs() => [.. _owners.Values.Distinct()];

    public EngineJob OwnerOf(Sequence sequence) => _owners[sequence.Id];

    public void Register(Sequence sequence, EngineJob owner) => _owners.Add(sequence.Id, owner);

    public void Append(Sequence sequence, int token)
    {
        GeneratedTokens++;
        scheduler.Append(sequence, token);
    }

    /// <summary>Appends a token that was generated, and counted, elsewhere.</summary>
    public void AppendKnown(Sequence sequence, int token) => scheduler.Append(sequence, token);

    /// <summary>Counts a token that ends its sequence and is therefore never computed on.</summary>
    public void CountLastToken() => GeneratedTokens++;

    public Sequence Fork(Sequence parent, EngineJob owner)
    {
        Sequence child = scheduler.Fork(parent);
        Register(child, owner);
        return child;
    }

    /// <summary>The scheduler is not to be called any more: it was left in the middle of something.</summary>
    public void AbandonScheduler() => _isAbandoned = true;

    public void Finish(Sequence sequence)
    {
        if (_owners.Remove(sequence.Id) && !_isAbandoned)
        {
            scheduler.Finish(sequence);
        }
    }
}
