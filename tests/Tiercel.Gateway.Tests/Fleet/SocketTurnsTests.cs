using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>On threads that connections share none goes on for longer than its turn without a wait.</summary>
public sealed class SocketTurnsTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_connection_that_is_answered_without_a_wait_pauses_after_each_turn()
    {
        SocketTurns turns = new(isShared: true, _time);
        DefaultHttpContext context = Connection();
        for (int turn = 0; turn < 3; turn++)
        {
            for (int answer = 1; answer < SocketTurns.Length; answer++)
            {
                Assert.True(turns.AnsweredAsync(context).AsTask().IsCompleted);
            }

            Task paused = turns.AnsweredAsync(context).AsTask();
            Assert.False(paused.IsCompleted);
            Assert.True(turns.AnsweredAsync(Connection()).AsTask().IsCompleted, "another connection has a turn of its own");
            _time.Advance(Pause);
            await paused;
        }
    }

    [Fact]
    public async Task An_upstream_that_is_always_ahead_pauses_after_each_turn_and_one_that_is_waited_for_never()
    {
        ClientStream client = new(new DefaultHttpContext(), new FleetClock(_time), new SocketTurns(isShared: true, _time));
        ScriptedReader ahead = new(isAhead: true);
        for (int read = 1; read < SocketTurns.Length; read++)
        {
            Assert.True(client.ReadAsync(ahead, CancellationToken.None).AsTask().IsCompleted);
        }

        // One read that has to wait ends the row.
        ScriptedReader behind = new(isAhead: false);
        Task<ReadResult> waiting = client.ReadAsync(behind, CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        behind.Arrive();
        await waiting;
        for (int read = 1; read < SocketTurns.Length; read++)
        {
            Assert.True(client.ReadAsync(ahead, CancellationToken.None).AsTask().IsCompleted);
        }

        Task<ReadResult> paused = client.ReadAsync(ahead, CancellationToken.None).AsTask();
        Assert.False(paused.IsCompleted);
        _time.Advance(Pause);
        Assert.Equal(64, (await paused).Buffer.Length);
    }

    [Fact]
    public void Where_no_thread_is_shared_nothing_pauses()
    {
        SocketTurns turns = new(isShared: false, _time);
        DefaultHttpContext context = Connection();
        int count = 0;
        for (int answer = 0; answer < 10 * SocketTurns.Length; answer++)
        {
            Assert.True(turns.AnsweredAsync(context).AsTask().IsCompleted && turns.NextAsync(ref count).AsTask().IsCompleted);
        }
    }

    private static DefaultHttpContext Connection()
    {
        DefaultHttpContext context = new();
        context.Features.Set<IConnectionItemsFeature>(new Items());
        return context;
    }

    private sealed class Items : IConnectionItemsFeature
    {
        IDictionary<object, object?> IConnectionItemsFeature.Items { get; set; } = new Dictionary<object, object?>();
    }

    /// <summary>Has 64 bytes whenever it is asked, at once or when the test lets them come.</summary>
    private sealed class ScriptedReader(bool isAhead) : PipeReader
    {
        private static readonly ReadResult Bytes = new(new ReadOnlySequence<byte>(new byte[64]), false, false);
        private readonly TaskCompletionSource<ReadResult> _arrived = new();

        public void Arrive() => _arrived.SetResult(Bytes);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => isAhead ? new(Bytes) : new(_arrived.Task);

        public override bool TryRead(out ReadResult result)
        {
            result = Bytes;
            return isAhead;
        }

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
