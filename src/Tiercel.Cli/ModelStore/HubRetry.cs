namespace Tiercel.Cli.ModelStore;

/// <summary>Waits between attempts, twice as long each time, and gives up after the fifth failure in a row.</summary>
internal sealed class HubRetry(TimeProvider time, TimeSpan firstDelay)
{
    private const int MaxFailures = 5;

    /// <summary>A server that asks for more than this is not waited for.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private int _failures;

    /// <summary>To be called when there was progress: failures before it no longer count.</summary>
    public void Reset() => _failures = 0;

    /// <exception cref="ModelStoreException">It is time to give up.</exception>
    public Task WaitAsync(HubUnavailableException failure, CancellationToken cancellationToken)
    {
        _failures++;
        if (failure.RetryAfter > MaxDelay)
        {
            throw new ModelStoreException($"{failure.Message}; it asks to try again in {failure.RetryAfter.Value.TotalMinutes:F0} minutes", failure);
        }

        if (_failures >= MaxFailures)
        {
            throw new ModelStoreException($"{failure.Message} ({_failures} attempts)", failure);
        }

        TimeSpan own = firstDelay * Math.Pow(2, _failures - 1);
        return Task.Delay(failure.RetryAfter is { } asked && asked > own ? asked : own, time, cancellationToken);
    }
}
