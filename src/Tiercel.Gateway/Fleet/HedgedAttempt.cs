using Tiercel.Gateway.Health;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The first attempt of a stream in a pool that hedges: where its first token is late, a second replica is asked beside it. The first that answers has the
/// request; the other is cancelled at once and counts neither as a failure nor in what is billed. Nothing goes to the client before one of them has it.
/// </summary>
internal sealed class HedgedAttempt(
    FleetServices services, AttemptLoop loop, ClientStream client, Func<Attempt, Task<UpstreamAnswer>> open, Func<Attempt, UpstreamAnswer, Task<AttemptEnd>> carry)
{
    private readonly List<Contender> _contenders = [];
    private readonly List<Task> _closing = [];

    /// <param name="first">The attempt, which has just begun.</param>
    /// <param name="late">How long its first token may take.</param>
    /// <returns>The attempt that decided, and how it ended.</returns>
    public async Task<(Attempt Attempt, AttemptEnd End)> RunAsync(Attempt first, TimeSpan late)
    {
        using CancellationTokenSource over = new();
        try
        {
            Add(first);
            Task? timer = Task.Delay(late, services.Clock.Time, over.Token);
            while (true)
            {
                if (_contenders.Find(one => one.Opening.IsCompleted) is Contender opened)
                {
                    bool decides = opened.Opening is { IsCompletedSuccessfully: true, Result.Answers: true };
                    _contenders.Remove(opened);
                    if (decides)
                    {
                        Lose(_contenders, answered: true);
                    }

                    AttemptEnd end = await (decides ? CarryAsync(opened) : DropAsync(opened));
                    if (decides || _contenders.Count == 0)
                    {
                        return (opened.Attempt, end);
                    }

                    // It failed; the other goes on alone, and there is no third.
                }
                else if (timer is { IsCompleted: true })
                {
                    timer = null;
                    if (loop.Hedge(first) is Attempt second)
                    {
                        Add(second);
                    }
                }
                else
                {
                    await WaitAsync(timer);
                }
            }
        }
        finally
        {
            over.Cancel();
            Lose(_contenders, answered: false);
            await Task.WhenAll(_closing);
        }
    }

    private void Add(Attempt attempt) => _contenders.Add(new Contender(attempt, OpenAsync(attempt)));

    /// <summary>Waits for the next that happens; a client that hears nothing for long gets a ping meanwhile.</summary>
    private async Task WaitAsync(Task? timer)
    {
        Task nudge = client.NextNudge();
        List<Task> all = [.. _contenders.Select(one => one.Opening), nudge];
        if (timer is not null)
        {
            all.Add(timer);
        }

        if (await Task.WhenAny(all) == nudge)
        {
            await client.PingAsync();
        }
    }

    private Task<AttemptEnd> CarryAsync(Contender one) => loop.GuardAsync(one.Attempt, async () =>
    {
        await using UpstreamAnswer answer = (await one.Opening).Answer;
        loop.Adopt(one.Attempt);
        return await carry(one.Attempt, answer);
    });

    /// <summary>Counts how one failed that had no token: nothing of it is the client's, not even a role, since another may answer yet.</summary>
    private Task<AttemptEnd> DropAsync(Contender one) => loop.GuardAsync(one.Attempt, async () =>
    {
        (UpstreamAnswer answer, _, AttemptEnd? failed) = await one.Opening;
        await using (answer)
        {
            loop.Adopt(one.Attempt);
            return failed ?? await carry(one.Attempt, answer);
        }
    });

    /// <param name="answered">The other has answered. Else nobody waits any more.</param>
    private void Lose(List<Contender> losers, bool answered)
    {
        foreach (Contender loser in losers)
        {
            loser.Attempt.Lose(answered);
            loop.End(loser.Attempt, AttemptOutcome.Cancelled);
            _closing.Add(CloseAsync(loser));
        }

        losers.Clear();
    }

    /// <summary>Its connection is closed by its token; until it has let go, it may still read the request's bytes.</summary>
    private static async Task CloseAsync(Contender loser)
    {
        try
        {
            await using UpstreamAnswer answer = (await loser.Opening).Answer;
        }
        catch (Exception error) when (error is OperationCanceledException or UpstreamException or IOException)
        {
            // It was to end.
        }

        loser.Attempt.Dispose();
    }

    /// <summary>Sends the request, and waits until the answer begins: with a token, or with something that ends it.</summary>
    /// <returns>The answer, whether it decides who has the request, and how a stream failed that ended without a token.</returns>
    private async Task<(UpstreamAnswer Answer, bool Answers, AttemptEnd? Failed)> OpenAsync(Attempt attempt)
    {
        UpstreamAnswer answer = await open(attempt);
        bool streams = answer.Status is >= 200 and <= 299 && answer.ContentType == "text/event-stream";
        try
        {
            AttemptEnd? failed = streams ? await FirstToken.WaitAsync(answer.Body, attempt, services) : null;
            return (answer, streams ? failed is null : answer.Status >= 300 && !ForeignErrors.IsRetryable(answer.Status), failed);
        }
        catch
        {
            await answer.DisposeAsync();
            throw;
        }
    }

    private sealed record Contender(Attempt Attempt, Task<(UpstreamAnswer Answer, bool Answers, AttemptEnd? Failed)> Opening);
}
