using System.Threading.Channels;

namespace Tiercel.Engine;

/// <summary>The running side of an accepted request. Reading it to the end or cancelling it frees everything it holds.</summary>
public abstract class GenerationStream : IAsyncDisposable
{
    /// <summary>Events in the order they happened; completes after the last choice has finished. The channel is bounded by the output limit.</summary>
    public abstract ChannelReader<GenerationEvent> Events { get; }

    /// <summary>Counts so far; final once <see cref="Events"/> has completed.</summary>
    public abstract GenerationUsage Usage { get; }

    /// <summary>Time from being accepted to the first step that works on the request; null while it waits, or where the engine does not tell.</summary>
    public virtual TimeSpan? QueueTime => null;

    /// <summary>Ends all choices with <see cref="FinishReason.Cancelled"/> within one step. May be called at any time, more than once.</summary>
    public abstract void Cancel();

    /// <summary>Cancels what still runs.</summary>
    public ValueTask DisposeAsync()
    {
        Cancel();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
