using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class FairQueueTests
{
    private static readonly QueueSettings Four = new() { MaxRequests = 4, MaxBytes = 1000, MaxRequestsPerTenant = 3 };

    private readonly List<QueueEntry> _pushedOut = [];
    private long _id;

    [Fact]
    public void A_more_urgent_band_goes_first_and_a_tenant_keeps_its_order()
    {
        FairQueue queue = new(new QueueSettings());
        QueueEntry[] entries = [Entry("a", priority: 10), Entry("a"), Entry("b", priority: 10), Entry("a"), Entry("a", priority: -1)];
        Array.ForEach(entries, entry => Assert.Equal(EnqueueOutcome.Queued, queue.TryEnqueue(entry, TimeSpan.Zero, _pushedOut)));
        Assert.Equal([entries[4], entries[1], entries[3], entries[0], entries[2]], Drain(queue));
    }

    [Fact]
    public void At_the_bound_the_newest_of_the_least_urgent_band_is_pushed_out_by_a_more_urgent_one()
    {
        FairQueue queue = new(Four);
        QueueEntry old = Add(queue, Entry("a", priority: 10));
        Add(queue, Entry("b", priority: 5));
        QueueEntry newest = Add(queue, Entry("a", priority: 10));
        Add(queue, Entry("c"));
        QueueEntry urgent = Add(queue, Entry("d"));
        Assert.Equal([newest], _pushedOut);
        Assert.False(newest.IsQueued);
        Assert.True(old.IsQueued && urgent.IsQueued);
        Assert.Equal(4, queue.Count);
    }

    [Fact]
    public void At_the_bound_an_arrival_of_the_tenant_that_holds_most_is_the_one_refused()
    {
        FairQueue queue = new(Four);
        Add(queue, Entry("flood"));
        Add(queue, Entry("flood"));
        Add(queue, Entry("flood"));
        Add(queue, Entry("other"));
        Assert.Equal(EnqueueOutcome.TenantFull, queue.TryEnqueue(Entry("flood"), TimeSpan.Zero, _pushedOut));
        Assert.Equal(EnqueueOutcome.QueueFull, queue.TryEnqueue(Entry("x", priority: 1), TimeSpan.Zero, _pushedOut));
        Assert.Empty(_pushedOut);
    }

    [Fact]
    public void A_flood_does_not_keep_others_out_of_a_full_queue()
    {
        FairQueue queue = new(new QueueSettings { MaxRequests = 4, MaxRequestsPerTenant = 4 });
        QueueEntry[] flood = [.. Enumerable.Range(0, 4).Select(_ => Add(queue, Entry("flood")))];
        Add(queue, Entry("other"));
        Add(queue, Entry("other"));
        Assert.Equal([flood[3], flood[2]], _pushedOut);

        // Two and two: nobody holds more, so who comes now is refused.
        Assert.Equal(EnqueueOutcome.QueueFull, queue.TryEnqueue(Entry("other"), TimeSpan.Zero, _pushedOut));
        Assert.Equal(EnqueueOutcome.Queued, queue.TryEnqueue(Entry("third"), TimeSpan.Zero, _pushedOut));
    }

    [Fact]
    public void A_tenant_at_its_own_bound_may_put_an_urgent_request_in_place_of_its_own_less_urgent_one()
    {
        FairQueue queue = new(new QueueSettings { MaxRequestsPerTenant = 2 });
        Add(queue, Entry("a", priority: 10));
        QueueEntry newest = Add(queue, Entry("a", priority: 10));
        Add(queue, Entry("a"));
        Assert.Equal([newest], _pushedOut);
        Assert.Equal(EnqueueOutcome.TenantFull, queue.TryEnqueue(Entry("a", priority: 10), TimeSpan.Zero, _pushedOut));
        Assert.Equal(2, queue.CountOf("a"));
    }

    [Fact]
    public void Bytes_are_bounded_and_nothing_is_pushed_out_in_vain()
    {
        FairQueue queue = new(new QueueSettings { MaxBytes = 1000 });
        QueueEntry[] small = [.. Enumerable.Range(0, 5).Select(_ => Add(queue, Entry("a", priority: 10, bytes: 100)))];
        Add(queue, Entry("b", bytes: 500));
        Assert.Equal(EnqueueOutcome.QueueFull, queue.TryEnqueue(Entry("c", bytes: 600), TimeSpan.Zero, _pushedOut));
        Assert.Equal(EnqueueOutcome.QueueFull, queue.TryEnqueue(Entry("c", bytes: 1001, priority: -1), TimeSpan.Zero, _pushedOut));
        Assert.Empty(_pushedOut);
        Add(queue, Entry("c", bytes: 250));
        Assert.Equal([small[4], small[3], small[2]], _pushedOut);
        Assert.Equal(950, queue.Bytes);
    }

    [Fact]
    public void What_waited_past_its_deadline_never_runs()
    {
        FairQueue queue = new(new QueueSettings());
        QueueEntry late = Add(queue, Entry("a", deadline: 5));
        QueueEntry fine = Add(queue, Entry("a", deadline: 50));
        Assert.Equal(TimeSpan.FromSeconds(5), queue.NextDeadline);
        Assert.Same(fine, queue.TryDequeue(TimeSpan.FromSeconds(5), _ => TurnVerdict.Run));

        // Somebody still has to tell the late one's client.
        Assert.Equal(1, queue.Count);
        Assert.Equal(TimeSpan.Zero, queue.NextDeadline);
        List<QueueEntry> expired = [];
        queue.Expire(TimeSpan.FromSeconds(5), expired);
        Assert.Equal([late], expired);
        Assert.Null(queue.NextDeadline);
        Assert.Equal(EnqueueOutcome.TooLate, queue.TryEnqueue(Entry("a", deadline: 5), TimeSpan.FromSeconds(5), _pushedOut));
    }

    [Fact]
    public void A_client_that_goes_leaves_nothing_behind()
    {
        FairQueue queue = new(new QueueSettings());
        QueueEntry gone = Add(queue, Entry("a"));
        QueueEntry stays = Add(queue, Entry("a"));
        Assert.True(queue.Remove(gone));
        Assert.False(queue.Remove(gone));
        Assert.Equal([stays], Drain(queue));
        Assert.Equal((0, 0L, 0L, 0), (queue.Count, queue.Bytes, queue.Tokens, queue.CountOf("a")));
    }

    [Fact]
    public void Who_cannot_run_is_passed_over_and_keeps_its_turn()
    {
        FairQueue queue = new(new QueueSettings());
        QueueEntry blocked = Add(queue, Entry("a"));
        QueueEntry[] others = [Add(queue, Entry("b")), Add(queue, Entry("b"))];
        Assert.Same(others[0], queue.TryDequeue(TimeSpan.Zero, entry => entry == blocked ? TurnVerdict.Skip : TurnVerdict.Run));
        Assert.Null(queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Skip));
        Assert.Null(queue.TryDequeue(TimeSpan.Zero, entry => entry == blocked ? TurnVerdict.Stop : TurnVerdict.Run));
        Assert.Same(blocked, queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run));
    }

    [Fact]
    public void What_is_less_urgent_does_not_go_past_who_is_passed_over()
    {
        FairQueue queue = new(new QueueSettings());
        QueueEntry blocked = Add(queue, Entry("a"));
        QueueEntry lessUrgent = Add(queue, Entry("b", priority: 1));
        Assert.Null(queue.TryDequeue(TimeSpan.Zero, entry => entry == blocked ? TurnVerdict.Skip : TurnVerdict.Run));
        Assert.Same(blocked, queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run));
        Assert.Same(lessUrgent, queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run));
    }

    [Fact]
    public void Retry_after_follows_the_rate_at_which_the_queue_drains()
    {
        FairQueue queue = new(new QueueSettings { MaxWait = TimeSpan.FromMinutes(5) });
        Assert.Equal(TimeSpan.FromSeconds(1), queue.RetryAfter(0, TimeSpan.Zero));
        for (int i = 0; i < 300; i++)
        {
            Add(queue, Entry("a", deadline: 1000));
        }

        Assert.Equal(TimeSpan.FromSeconds(60), queue.RetryAfter(0, TimeSpan.Zero));
        TimeSpan now = TimeSpan.Zero;
        for (int i = 0; i < 200; i++)
        {
            now += TimeSpan.FromMilliseconds(200);
            queue.TryDequeue(now, _ => TurnVerdict.Run);
        }

        // 100 wait, 5 a second go.
        Assert.InRange(queue.RetryAfter(0, now).TotalSeconds, 17, 23);
        Assert.Equal(TimeSpan.FromSeconds(1), queue.RetryAfter(-1, now));
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(0.2, 1)]
    [InlineData(600, 60)]
    public void Retry_after_is_no_longer_than_the_longest_wait(double maxWaitSeconds, int expectedSeconds)
    {
        FairQueue queue = new(new QueueSettings { MaxWait = TimeSpan.FromSeconds(maxWaitSeconds) });
        Add(queue, Entry("a", deadline: 1000));
        Assert.Equal(TimeSpan.FromSeconds(expectedSeconds), queue.RetryAfter(0, TimeSpan.Zero));
    }

    [Fact]
    public void Tenants_that_are_gone_are_forgotten_even_with_debts()
    {
        FairQueue queue = new(new QueueSettings());
        Add(queue, Entry("stays", tokens: 1));
        for (int i = 0; i < 20_000; i++)
        {
            queue.TryEnqueue(Entry($"t{i}", tokens: 1000), TimeSpan.Zero, _pushedOut);
            queue.TryDequeue(TimeSpan.Zero, entry => entry.Tenant == "stays" ? TurnVerdict.Skip : TurnVerdict.Run);
        }

        Assert.Equal(1, queue.Count);
        Assert.InRange(queue.RememberedTenants, 1, 4096);
    }

    private QueueEntry Add(FairQueue queue, QueueEntry entry)
    {
        Assert.Equal(EnqueueOutcome.Queued, queue.TryEnqueue(entry, TimeSpan.Zero, _pushedOut));
        return entry;
    }

    private static List<QueueEntry> Drain(FairQueue queue)
    {
        List<QueueEntry> all = [];
        while (queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run) is QueueEntry entry)
        {
            all.Add(entry);
        }

        return all;
    }

    private QueueEntry Entry(string tenant, int priority = 0, long bytes = 10, long tokens = 100, double deadline = 30) => new()
    {
        Id = ++_id,
        Tenant = tenant,
        Priority = priority,
        Tokens = tokens,
        Bytes = bytes,
        Deadline = TimeSpan.FromSeconds(deadline),
    };
}
