using System.Security.Cryptography;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>The bound on time that tests of hostile input hold: it finds who keeps a processor busy, and blames nobody for what others do.</summary>
public sealed class TimeBoundTests
{
    /// <summary>Mebibytes that take a processor much longer to hash than the bounds below.</summary>
    private const int Much = 256;

    [Fact]
    public void Work_that_takes_too_long_is_found()
    {
        int runs = 0;
        Exception found = Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => TimeBound.Hold(TimeSpan.FromMilliseconds(20), () =>
        {
            runs++;
            Work(Much);
        }));
        Assert.Contains("0.02 s are allowed", found.Message, StringComparison.Ordinal);
        Assert.Equal(5, runs);
    }

    [Fact]
    public async Task Work_that_goes_from_thread_to_thread_is_found_too()
        => await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => TimeBound.HoldAsync(TimeSpan.FromMilliseconds(20), async () =>
        {
            await Task.Yield();
            Work(Much);
        }));

    [Fact]
    public void Once_within_the_bound_is_enough()
    {
        int runs = 0;
        TimeBound.Hold(TimeSpan.FromMilliseconds(20), () =>
        {
            if (++runs == 1)
            {
                Work(Much);
            }
        });
        Assert.Equal(2, runs);
    }

    [Fact]
    public void What_other_threads_do_meanwhile_does_not_count()
    {
        using ManualResetEvent over = new(false);
        TimeSpan othersUsed = TimeSpan.Zero;
        Thread[] others = [.. Enumerable.Range(0, 2).Select(_ => new Thread(() =>
        {
            while (!over.WaitOne(0))
            {
                Work(1);
            }
        }))];
        Array.ForEach(others, other => other.Start());
        try
        {
            int runs = 0;
            TimeBound.Hold(TimeSpan.FromMilliseconds(100), () =>
            {
                runs++;
                TimeSpan before = Environment.CpuUsage.TotalTime;
                while ((othersUsed = Environment.CpuUsage.TotalTime - before) < TimeSpan.FromMilliseconds(300))
                {
                    over.WaitOne(5);
                }
            });
            Assert.Equal(1, runs);
            Assert.True(othersUsed > TimeSpan.FromMilliseconds(100));
        }
        finally
        {
            over.Set();
            Array.ForEach(others, other => other.Join());
        }
    }

    private static void Work(int mebibytes)
    {
        byte[] data = new byte[1 << 20];
        for (int i = 0; i < mebibytes; i++)
        {
            SHA256.HashData(data);
        }
    }
}
