using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// Keeps one connection from holding a thread that many share. A gateway goes on with what arrives on the sockets' own threads
/// (<see cref="FleetOptions.AnswersOnSocketThreads"/>), which is right for work of microseconds that then waits. What never waits is made to, after its
/// turn, and what takes long goes elsewhere. Where nothing is shared, nothing is done.
/// </summary>
internal sealed class SocketTurns(bool isShared, TimeProvider time)
{
    /// <summary>Answers of the gateway's own, or reads that find their bytes there already, that a connection gets in one turn.</summary>
    public const int Length = 16;

    /// <summary>Bodies above it are looked through elsewhere: some 100 µs at a few GB/s.</summary>
    public const int MaxScannedBytes = 512 * 1024;

    /// <summary>Long enough that all others had their turn, short enough that nobody who does not flood sees it.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private static readonly object Key = new();

    /// <summary>After an answer that waited for no upstream: who sends such requests one after the other, without waiting for answers, would never leave the thread.</summary>
    public ValueTask AnsweredAsync(HttpContext context)
    {
        if (!isShared || context.Features.Get<IConnectionItemsFeature>() is not { } connection)
        {
            return ValueTask.CompletedTask;
        }

        if (!connection.Items.TryGetValue(Key, out object? value))
        {
            connection.Items[Key] = value = new StrongBox<int>();
        }

        return NextAsync(ref ((StrongBox<int>)value!).Value);
    }

    /// <summary>After a read that did not have to wait: an upstream that is always ahead.</summary>
    /// <param name="count">Such reads in a row.</param>
    public ValueTask NextAsync(ref int count)
    {
        if (!isShared || ++count < Length)
        {
            return ValueTask.CompletedTask;
        }

        count = 0;
        return new ValueTask(Task.Delay(Pause, time));
    }

    /// <summary>Before work that takes long: it goes on in the thread pool.</summary>
    public async ValueTask LeaveAsync()
    {
        if (isShared)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        }
    }
}
