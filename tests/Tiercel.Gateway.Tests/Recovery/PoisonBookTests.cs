using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Tests.Recovery;

public class PoisonBookTests
{
    private const string Pool = "chat";
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(1);

    [Fact]
    public void After_two_deaths_a_request_is_tried_alone_and_after_a_death_there_it_is_refused()
    {
        PoisonBook book = new();
        Assert.True(book.IsEmpty);
        book.Died(1, "a", [7, 8], Start);
        Assert.Equal(PoisonVerdict.Free, book.Judge(7, Start));
        book.Died(2, "a", [7, 9], Start);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
        Assert.Equal(PoisonVerdict.Free, book.Judge(8, Start));
        Assert.Equal(3, book.TryReserve(Pool, 7, 70, [(3, 0), (4, 5)], Start));
        Assert.True(book.IsReserved(3));
        Assert.False(book.IsReserved(4));
        Assert.False(book.IsReserved(3, holder: 70), "it is reserved for that one");
        Assert.True(book.IsReserved(3, holder: 71));
        Assert.True(book.Started(70, "b"));
        book.Died(3, "b", [7], Start);
        Assert.Equal(PoisonVerdict.Quarantined, book.Judge(7, Start));
        Assert.False(book.IsReserved(3));
        Assert.Equal(1, book.Quarantines);
    }

    [Fact]
    public void One_that_survives_alone_is_cleared()
    {
        PoisonBook book = Suspected(7);
        Assert.Equal(3, book.TryReserve(Pool, 7, 70, [(3, 0)], Start));
        book.Started(70, "b");
        book.Released(70, passed: true);
        Assert.Equal(PoisonVerdict.Free, book.Judge(7, Start));
        Assert.False(book.IsReserved(3));
        Assert.True(book.IsEmpty);
    }

    [Fact]
    public void One_that_merely_stops_stays_a_suspect()
    {
        PoisonBook book = Suspected(7);
        book.TryReserve(Pool, 7, 70, [(3, 0)], Start);
        book.Started(70, "b");
        book.Released(70, passed: false);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
        Assert.False(book.IsReserved(3));
    }

    [Fact]
    public void A_death_of_a_worker_that_it_did_not_have_for_itself_convicts_nobody()
    {
        PoisonBook book = Suspected(7);
        book.TryReserve(Pool, 7, 70, [(3, 2)], Start);
        book.Died(3, "b", [7, 55], Start);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
        book.TryReserve(Pool, 7, 70, [(4, 0)], Start);
        book.Started(70, "c");
        book.Died(4, "old", [7], Start);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
    }

    [Fact]
    public void One_suspect_is_tried_at_a_time_and_asks_for_the_same_worker_again()
    {
        PoisonBook book = Suspected(7, 8);
        Assert.Equal(3, book.TryReserve(Pool, 7, 70, [(3, 1), (4, 5)], Start));
        Assert.Null(book.TryReserve(Pool, 8, 80, [(3, 1), (4, 0)], Start));
        Assert.Null(book.TryReserve(Pool, 7, 71, [(3, 1), (4, 0)], Start));
        Assert.Equal(3, book.TryReserve(Pool, 7, 70, [(3, 1), (4, 0)], Start));
        Assert.Equal(4, book.TryReserve(Pool, 7, 70, [(4, 5)], Start));
        Assert.Null(book.TryReserve("other", 8, 80, [], Start));
        Assert.Equal(9, book.TryReserve("other", 8, 80, [(9, 0)], Start));
        book.Released(70, passed: true);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
    }

    [Fact]
    public void A_reservation_that_nobody_uses_ends()
    {
        PoisonBook book = Suspected(7, 8);
        book.TryReserve(Pool, 7, 70, [(3, 0)], Start);
        TimeSpan later = Start + PoisonBook.LongestReservation;
        Assert.Equal(4, book.TryReserve(Pool, 8, 80, [(4, 0)], later));
        Assert.False(book.IsReserved(3));
        Assert.False(book.Started(70, "b"));
    }

    [Fact]
    public void The_same_death_counts_once_and_all_is_forgotten_in_time()
    {
        PoisonBook book = new();
        book.Died(1, "a", [7], Start);
        book.Died(1, "a", [7], Start);
        Assert.Equal(PoisonVerdict.Free, book.Judge(7, Start));
        book.Died(1, "b", [7], Start);
        Assert.Equal(PoisonVerdict.Alone, book.Judge(7, Start));
        Assert.Equal(PoisonVerdict.Free, book.Judge(7, Start + PoisonBook.Memory));
        Assert.True(book.IsEmpty);
    }

    [Fact]
    public void What_is_remembered_is_bounded()
    {
        PoisonBook book = new();
        UInt128 next = 1;
        for (int death = 0; death < 100; death++)
        {
            book.Died(death, "a", [.. Enumerable.Range(0, 200).Select(_ => next++)], Start);
        }

        Assert.Equal(PoisonBook.MaxRequests, book.Known);
    }

    [Fact]
    public void Only_what_was_at_two_deaths_and_alone_at_a_third_is_ever_refused() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                PoisonBook book = new();
                Dictionary<UInt128, int> deaths = [];
                HashSet<UInt128> aloneDeaths = [];
                TimeSpan now = Start;
                for (int i = 0; i < 200; i++)
                {
                    now += TimeSpan.FromSeconds(1);
                    UInt128 request = (UInt128)random.Next(6);
                    int worker = random.Next(4);
                    string generation = $"g{i}";
                    if (book.Judge(request, now) == PoisonVerdict.Alone && book.TryReserve(Pool, request, (long)request, [(worker, 0)], now) is { } reserved)
                    {
                        Assert.True(deaths[request] >= PoisonBook.DeathsToSuspect);
                        bool started = random.Next(3) > 0 && book.Started((long)request, generation);
                        if (random.Next(2) == 0)
                        {
                            book.Died(reserved, generation, [request], now);
                            deaths[request]++;
                            _ = started && aloneDeaths.Add(request);
                        }
                        else
                        {
                            book.Released((long)request, passed: false);
                        }
                    }
                    else if (random.Next(3) == 0)
                    {
                        UInt128[] present = [.. Enumerable.Range(0, 6).Where(_ => random.Next(3) == 0).Select(x => (UInt128)x)];
                        book.Died(worker, generation, present, now);
                        foreach (UInt128 one in present)
                        {
                            deaths[one] = deaths.GetValueOrDefault(one) + 1;
                        }
                    }

                    for (int one = 0; one < 6; one++)
                    {
                        PoisonVerdict verdict = book.Judge((UInt128)one, now);
                        Assert.Equal(aloneDeaths.Contains((UInt128)one), verdict == PoisonVerdict.Quarantined);
                        Assert.True(verdict == PoisonVerdict.Free || deaths[(UInt128)one] >= PoisonBook.DeathsToSuspect);
                    }
                }
            }));

    [Fact]
    public void A_body_is_recognised_whatever_its_segments_and_only_by_its_own_tenant_path_and_key()
    {
        byte[] body = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        UInt128 whole = BodyFingerprint.Of([1, 2], "acme", "/v1/chat/completions", new ReadOnlySequence<byte>(body));
        Segment first = new(body.AsMemory(0, 333), 0);
        Segment last = first.Then(body.AsMemory(333));
        Assert.Equal(whole, BodyFingerprint.Of([1, 2], "acme", "/v1/chat/completions", new ReadOnlySequence<byte>(first, 0, last, 667)));
        Assert.NotEqual(whole, BodyFingerprint.Of([1, 3], "acme", "/v1/chat/completions", new ReadOnlySequence<byte>(body)));
        Assert.NotEqual(whole, BodyFingerprint.Of([1, 2], "acm", "e/v1/chat/completions", new ReadOnlySequence<byte>(body)));
        body[500]++;
        Assert.NotEqual(whole, BodyFingerprint.Of([1, 2], "acme", "/v1/chat/completions", new ReadOnlySequence<byte>(body)));
    }

    private static PoisonBook Suspected(params UInt128[] requests)
    {
        PoisonBook book = new();
        book.Died(1, "a", requests, Start);
        book.Died(2, "a", requests, Start);
        return book;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long start)
        {
            Memory = memory;
            RunningIndex = start;
        }

        public Segment Then(ReadOnlyMemory<byte> memory)
        {
            Segment next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
