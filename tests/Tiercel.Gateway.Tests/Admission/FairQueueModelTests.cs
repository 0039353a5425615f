using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Tests.Admission;

/// <summary>The queue against what it promises, over random histories.</summary>
public sealed class FairQueueModelTests
{
    /// <summary>Against a plain list: what is inside, who may go next, who has to go.</summary>
    [Fact]
    public void Any_history_is_work_conserving_and_keeps_order_bounds_and_deadlines() => ForSeeds(500, random =>
    {
        QueueSettings settings = new() { MaxRequests = 12, MaxBytes = 1500, MaxRequestsPerTenant = 7 };
        FairQueue queue = new(settings);
        List<QueueEntry> model = [];
        TimeSpan now = TimeSpan.Zero;
        for (int step = 0; step < 300; step++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(0, 300));
            switch (random.Next(10))
            {
                case < 6:
                    Enqueue(queue, model, Entry(random, step, now), settings, now);
                    break;
                case < 9:
                    HashSet<string> blocked = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Tenant(random))];
                    Dequeue(queue, model, blocked, now);
                    break;
                default:
                    QueueEntry? gone = model.Count == 0 ? null : model[random.Next(model.Count)];
                    Assert.True(gone is null || queue.Remove(gone));
                    model.Remove(gone!);
                    break;
            }

            List<QueueEntry> expired = [];
            queue.Expire(now, expired);
            Assert.Equal(model.Where(entry => entry.Deadline <= now).ToHashSet(), expired.ToHashSet());
            model.RemoveAll(entry => entry.Deadline <= now);
            Assert.Equal((model.Count, model.Sum(entry => entry.Bytes), model.Sum(entry => entry.Tokens)), (queue.Count, queue.Bytes, queue.Tokens));
            Assert.True(queue.Count <= settings.MaxRequests && queue.Bytes <= settings.MaxBytes);
            Assert.All(model.GroupBy(entry => entry.Tenant), group => Assert.InRange(queue.CountOf(group.Key), group.Count(), Math.Min(group.Count(), settings.MaxRequestsPerTenant)));
        }
    });

    /// <summary>While two tenants wait, what each was served by weight differs by at most one request of each, over every interval.</summary>
    [Fact]
    public void Two_tenants_that_wait_share_by_weight_up_to_a_request_of_each() => ForSeeds(200, random =>
    {
        FairQueue queue = new(new QueueSettings { MaxRequests = 10_000, MaxRequestsPerTenant = 5000, MaxBytes = long.MaxValue });
        const int Steady = 3;
        double[] weights = [.. Enumerable.Range(0, Steady).Select(_ => Math.Exp(random.NextDouble() * 6 - 3))];
        long[] largest = [.. Enumerable.Range(0, Steady).Select(_ => 1L + random.Next(1, 1 << random.Next(1, 16)))];
        double[] served = new double[Steady];
        double[,] highest = new double[Steady, Steady];
        double[,] lowest = new double[Steady, Steady];
        List<QueueEntry> pushedOut = [];
        for (int step = 0; step < 400; step++)
        {
            // Tenants that come and go, and three that always have somebody waiting.
            for (int tenant = 0; tenant < Steady; tenant++)
            {
                while (queue.CountOf($"s{tenant}") < 2)
                {
                    Put(queue, $"s{tenant}", weights[tenant], random.NextInt64(1, largest[tenant] + 1), pushedOut);
                }
            }

            if (random.Next(3) == 0)
            {
                Put(queue, $"v{random.Next(5)}", 1, random.Next(1, 5000), pushedOut);
            }

            QueueEntry next = queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run)!;
            if (next.Tenant[0] == 's')
            {
                served[next.Tenant[1] - '0'] += next.Tokens;
            }

            for (int i = 0; i < Steady; i++)
            {
                for (int j = 0; j < Steady; j++)
                {
                    double difference = served[i] / weights[i] - served[j] / weights[j];
                    highest[i, j] = Math.Max(highest[i, j], difference);
                    lowest[i, j] = Math.Min(lowest[i, j], difference);
                    double bound = largest[i] / weights[i] + largest[j] / weights[j];
                    Assert.True(highest[i, j] - lowest[i, j] <= bound * (1 + 1e-9), "one tenant got more than its share");
                }
            }
        }

        Assert.Empty(pushedOut);
    });

    /// <summary>Who asks for the next only when the last is running has a debt when it comes back, and cannot starve those who wait.</summary>
    [Fact]
    public void A_tenant_that_comes_back_at_once_gets_no_more_than_its_share() => ForSeeds(100, random =>
    {
        FairQueue queue = new(new QueueSettings { MaxRequests = 10_000, MaxRequestsPerTenant = 5000, MaxBytes = long.MaxValue });
        List<QueueEntry> pushedOut = [];
        int largest = random.Next(10, 5000);
        Dictionary<string, long> served = new() { ["waits"] = 0, ["returns"] = 0 };
        for (int step = 0; step < 300; step++)
        {
            while (queue.CountOf("waits") < 3)
            {
                Put(queue, "waits", 1, random.Next(1, largest + 1), pushedOut);
            }

            if (queue.CountOf("returns") == 0)
            {
                Put(queue, "returns", 1, random.Next(1, largest + 1), pushedOut);
            }

            QueueEntry next = queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run)!;
            served[next.Tenant] += next.Tokens;
            Assert.True(Math.Abs(served["waits"] - served["returns"]) <= 2 * largest, $"{served["waits"]} and {served["returns"]} tokens of requests up to {largest}");
        }
    });

    /// <summary>Time without requests is not saved up: from the moment it comes, a tenant has its share and no more.</summary>
    [Fact]
    public void A_tenant_that_was_away_has_saved_nothing() => ForSeeds(100, random =>
    {
        FairQueue queue = new(new QueueSettings { MaxRequests = 10_000, MaxRequestsPerTenant = 5000, MaxBytes = long.MaxValue });
        List<QueueEntry> pushedOut = [];
        int largest = random.Next(10, 5000);
        Dictionary<string, long> served = new() { ["there"] = 0, ["away"] = 0 };
        for (int step = 0; step < 400; step++)
        {
            bool back = step >= 200;
            foreach (string tenant in back ? (string[])["there", "away"] : ["there"])
            {
                while (queue.CountOf(tenant) < 3)
                {
                    Put(queue, tenant, 1, random.Next(1, largest + 1), pushedOut);
                }
            }

            QueueEntry next = queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run)!;
            served[next.Tenant] += back ? next.Tokens : 0;
            Assert.True(Math.Abs(served["there"] - served["away"]) <= 2 * largest, $"{served["there"]} and {served["away"]} tokens of requests up to {largest}");
        }
    });

    /// <summary>No starvation: who owes nothing waits for at most one request of each other tenant, whatever they have waiting.</summary>
    [Fact]
    public void A_tenant_that_owes_nothing_waits_for_at_most_one_request_of_each_other() => ForSeeds(300, random =>
    {
        FairQueue queue = new(new QueueSettings { MaxRequests = 10_000, MaxRequestsPerTenant = 5000, MaxBytes = long.MaxValue });
        List<QueueEntry> pushedOut = [];
        for (int i = 0; i < 200; i++)
        {
            Put(queue, $"o{random.Next(8)}", 1 + random.Next(3), random.Next(1, 100_000), pushedOut);
            if (random.Next(4) == 0)
            {
                queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run);
            }
        }

        QueueEntry light = Put(queue, "light", 0.001 + random.NextDouble(), random.Next(1, 1_000_000), pushedOut);
        HashSet<string> before = [];
        while (queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run) is QueueEntry next && next != light)
        {
            Assert.True(before.Add(next.Tenant), $"{next.Tenant} went twice before a tenant that owes nothing");
        }

        Assert.False(light.IsQueued);
    });

    /// <summary>
    /// A server of 1,000 tokens a second, one request at a time. A tenant that asks for less than its share sees a flood of another as at most one of
    /// the flood's requests for each of its own.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_flood_moves_the_wait_of_another_tenant_by_at_most_one_of_its_requests(int seed)
    {
        const double Rate = 1000;
        const int LargestOfFlood = 500;
        List<double> quiet = Waits(seed, flood: 0, Rate, LargestOfFlood);
        List<double> flooded = Waits(seed, flood: 400, Rate, LargestOfFlood);
        Assert.Equal(quiet.Count, flooded.Count);
        Assert.All(quiet.Zip(flooded), pair => Assert.True(
            pair.Second - pair.First <= LargestOfFlood / Rate + 1e-9, $"a request waited {pair.Second - pair.First} s more"));
        Assert.True(flooded.Average() > quiet.Average(), "the flood was not there");
    }

    private static List<double> Waits(int seed, int flood, double rate, int largestOfFlood)
    {
        Random victims = new(seed);
        Random flooders = new(seed + 1000);
        FairQueue queue = new(new QueueSettings { MaxRequests = 10_000, MaxRequestsPerTenant = 5000, MaxBytes = long.MaxValue });
        List<QueueEntry> pushedOut = [];
        List<double> waits = [];
        double now = 0;
        double nextArrival = 0;
        int arrivals = 0;
        while (waits.Count < 200)
        {
            while (arrivals < 200 && nextArrival <= now)
            {
                Put(queue, "victim", 1, victims.Next(50, 200), pushedOut, nextArrival);
                arrivals++;
                nextArrival += 1.5 + victims.NextDouble();
            }

            while (queue.CountOf("flood") < flood)
            {
                Put(queue, "flood", 1, flooders.Next(1, largestOfFlood + 1), pushedOut);
            }

            QueueEntry? next = queue.TryDequeue(TimeSpan.Zero, _ => TurnVerdict.Run);
            if (next is null)
            {
                now = nextArrival;
                continue;
            }

            if (next.Tenant == "victim")
            {
                waits.Add(now - next.Bytes / 1e6);
            }

            now += next.Tokens / rate;
        }

        return waits;
    }

    private static void Enqueue(FairQueue queue, List<QueueEntry> all, QueueEntry entry, QueueSettings settings, TimeSpan now)
    {
        List<QueueEntry> model = [.. all.Where(waiting => waiting.Deadline > now)];
        List<QueueEntry> pushedOut = [];
        EnqueueOutcome outcome = queue.TryEnqueue(entry, now, pushedOut);
        Assert.True(outcome == EnqueueOutcome.Queued || pushedOut.Count == 0, "somebody was pushed out in vain");
        int own = model.Count(waiting => waiting.Tenant == entry.Tenant);
        bool fits = model.Count < settings.MaxRequests && model.Sum(waiting => waiting.Bytes) + entry.Bytes <= settings.MaxBytes && own < settings.MaxRequestsPerTenant;
        Assert.True(!fits || (outcome == EnqueueOutcome.Queued && pushedOut.Count == 0), "there was room");
        foreach (QueueEntry victim in pushedOut)
        {
            Assert.True(model.Remove(victim) && all.Remove(victim));
            Assert.True(victim.Priority >= entry.Priority, "somebody more urgent was pushed out");
            bool ownBound = own >= settings.MaxRequestsPerTenant && victim.Tenant == entry.Tenant;
            Assert.True(ownBound || model.All(rest => rest.Priority <= victim.Priority || pushedOut.Contains(rest)), "somebody less urgent stayed");
            Assert.DoesNotContain(model, rest => rest.Tenant == victim.Tenant && rest.Priority == victim.Priority && rest.Id > victim.Id && !pushedOut.Contains(rest));
        }

        if (outcome == EnqueueOutcome.Queued)
        {
            model.Add(entry);
            all.Add(entry);
        }

        // A more urgent one finds room for itself wherever a less urgent one waits.
        bool urgent = model.Any(waiting => waiting.Priority > entry.Priority) && own < settings.MaxRequestsPerTenant && entry.Bytes == 0;
        Assert.True(!urgent || outcome == EnqueueOutcome.Queued);
    }

    private static void Dequeue(FairQueue queue, List<QueueEntry> all, HashSet<string> blocked, TimeSpan now)
    {
        List<QueueEntry> model = [.. all.Where(waiting => waiting.Deadline > now)];
        QueueEntry? next = queue.TryDequeue(now, entry => blocked.Contains(entry.Tenant) ? TurnVerdict.Skip : TurnVerdict.Run);

        // What is less urgent does not go past those that are passed over.
        QueueEntry[] able = [.. model.Where(entry => !blocked.Contains(entry.Tenant) && entry.Priority == model.Min(waiting => waiting.Priority))];
        Assert.Equal(able.Length > 0, next is not null);
        if (next is null)
        {
            return;
        }

        Assert.Equal(able[0].Priority, next.Priority);
        Assert.Equal(able.Where(entry => entry.Tenant == next.Tenant && entry.Priority == next.Priority).Min(entry => entry.Id), next.Id);
        all.Remove(next);
    }

    private static string Tenant(Random random) => "abcde"[random.Next(5)].ToString();

    private static QueueEntry Entry(Random random, int id, TimeSpan now)
    {
        string tenant = Tenant(random);
        return new QueueEntry
        {
            Id = id,
            Tenant = tenant,
            Weight = 1 + tenant[0] - 'a',
            Priority = random.Next(3),
            Tokens = random.Next(0, 1000),
            Bytes = random.Next(4) == 0 ? 0 : random.Next(0, 400),
            Deadline = now + TimeSpan.FromMilliseconds(random.Next(1, 6000)),
        };
    }

    /// <summary>The time of arrival goes where the bytes would, in microseconds.</summary>
    private static QueueEntry Put(FairQueue queue, string tenant, double weight, long tokens, List<QueueEntry> pushedOut, double at = 0)
    {
        QueueEntry entry = new() { Id = 1, Tenant = tenant, Weight = weight, Tokens = tokens, Bytes = (long)(at * 1e6), Deadline = TimeSpan.MaxValue };
        Assert.Equal(EnqueueOutcome.Queued, queue.TryEnqueue(entry, TimeSpan.Zero, pushedOut));
        return entry;
    }

    private static void ForSeeds(int count, Action<Random> body) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(count),
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed => body(new Random(seed))));
}
