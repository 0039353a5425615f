using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Health;

/// <summary>
/// Bounds retries to a share of the requests of the last ten seconds and a rate besides, fleet-wide, so that failures do not multiply load. Resumed streams
/// have a bound of their own: as many as lost workers had. Pure; its owner serialises the calls.
/// </summary>
internal sealed class RetryBudget(RetrySettings settings)
{
    /// <summary>Seconds over which requests and retries are compared.</summary>
    public const int Window = 10;

    /// <summary>How long the streams of a lost worker may take to be resumed; some wait for a place.</summary>
    public static readonly TimeSpan ResumeTime = TimeSpan.FromSeconds(60);

    // Losses that have their own entry; beyond it the newest entries grow together, so that memory does not.
    private const int MaxLosses = 256;

    // One slot more than the window, because its first and last second are both cut: requests are counted over at most ten seconds, retries over at least ten.
    private readonly (long Requests, long Retries)[] _seconds = new (long, long)[Window + 1];
    private readonly List<(TimeSpan Until, long Left)> _losses = [];
    private RetrySettings _settings = settings;
    private long _second;

    /// <summary>Retries granted since the start.</summary>
    public long Retries { get; private set; }

    /// <summary>Retries refused since the start.</summary>
    public long Refused { get; private set; }

    /// <summary>Resumes granted since the start, those that were taken from the retries included.</summary>
    public long Resumes { get; private set; }

    public void SetSettings(RetrySettings next) => _settings = next;

    /// <summary>A request arrived (its retries do not count).</summary>
    public void Arrived(TimeSpan now) => Slot(now).Requests++;

    /// <summary>Takes a retry when there is one.</summary>
    /// <param name="again">It was refused before and waits: that is told once.</param>
    public bool TryRetry(TimeSpan now, bool again = false)
    {
        ref (long Requests, long Retries) slot = ref Slot(now);
        (long requests, long retries) = (0, 0);
        for (int i = 0; i < _seconds.Length; i++)
        {
            retries += _seconds[i].Retries;
            requests += i == (_second + 1) % _seconds.Length ? 0 : _seconds[i].Requests;
        }

        if (retries + 1 > (_settings.BudgetShare * requests) + (_settings.BudgetPerSecond * Window))
        {
            Refused += again ? 0 : 1;
            return false;
        }

        slot.Retries++;
        Retries++;
        return true;
    }

    /// <summary>A worker was lost or is drained, with so many streams on it: that many may be resumed within the next minute.</summary>
    public void Lost(int streams, TimeSpan now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(streams);
        _losses.RemoveAll(loss => loss.Until <= now || loss.Left == 0);
        if (streams > 0 && _losses.Count < MaxLosses)
        {
            _losses.Add((now + ResumeTime, streams));
        }
        else if (streams > 0)
        {
            _losses[^1] = (now + ResumeTime, _losses[^1].Left + streams);
        }
    }

    /// <summary>Takes a resume: from those of lost workers, else from the retries (a single stream broke).</summary>
    /// <param name="again">It was refused before and waits: that is told once.</param>
    public bool TryResume(TimeSpan now, bool again = false)
    {
        for (int i = 0; i < _losses.Count; i++)
        {
            (TimeSpan until, long left) = _losses[i];
            if (until > now && left > 0)
            {
                _losses[i] = (until, left - 1);
                Resumes++;
                return true;
            }
        }

        bool granted = TryRetry(now, again);
        Resumes += granted ? 1 : 0;
        return granted;
    }

    private ref (long Requests, long Retries) Slot(TimeSpan now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        for (long passed = Math.Max(_second + 1, second - _seconds.Length + 1); passed <= second; passed++)
        {
            _seconds[passed % _seconds.Length] = default;
        }

        _second = Math.Max(_second, second);
        return ref _seconds[_second % _seconds.Length];
    }
}
