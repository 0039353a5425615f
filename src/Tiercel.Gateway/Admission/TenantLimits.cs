using System.Globalization;
using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>How fast one tenant goes: rates and what runs at one time. Pure: the owner locks. A request takes from all limits or from none.</summary>
internal sealed class TenantLimits
{
    /// <summary>When a running request ends is not known; this is how soon it is worth to ask again.</summary>
    private static readonly TimeSpan ConcurrencyRetry = TimeSpan.FromSeconds(1);

    private TenantLimitSettings _settings;
    private TokenBucket _requests;
    private TokenBucket _tokens;

    public TenantLimits(TenantLimitSettings settings, TimeSpan now)
    {
        _settings = settings;
        _requests = new TokenBucket(settings.RequestsPerMinute ?? 0, now);
        _tokens = new TokenBucket(settings.TokensPerMinute ?? 0, now);
    }

    public int RunningRequests { get; private set; }

    public long RunningTokens { get; private set; }

    /// <summary>Tokens per minute left; below zero when overdrawn.</summary>
    internal double TokenLevel => _tokens.Level;

    /// <summary>Takes a request and its estimated tokens, or nothing. Each that was allowed must <see cref="End"/> once.</summary>
    /// <param name="tokens">Prompt and largest output.</param>
    public LimitDecision TryTake(long tokens, TimeSpan now)
    {
        (LimitKind hit, ApiError? error) = Check(tokens, now);
        if (hit == LimitKind.None)
        {
            RunningRequests++;
            RunningTokens += tokens;
            _requests.Take(1);
            _tokens.Take(tokens);
        }

        return Decide(hit, error, now);
    }

    /// <summary>What the headers say now, with or without a refusal that came from elsewhere.</summary>
    public LimitDecision Decide(LimitKind hit, ApiError? error, TimeSpan now) => new(
        hit,
        error,
        _settings.RequestsPerMinute is null ? null : Window(ref _requests, now),
        _settings.TokensPerMinute is null ? null : Window(ref _tokens, now));

    /// <summary>A request has ended: what it was thought to take is corrected to what it took.</summary>
    /// <param name="taken">As given to <see cref="TryTake"/>.</param>
    /// <param name="used">Prompt and output tokens that were computed or read; 0 when nothing was done.</param>
    public void End(long taken, long used, TimeSpan now)
    {
        RunningRequests--;
        RunningTokens -= taken;
        if (_settings.TokensPerMinute is not null)
        {
            _tokens.Correct(taken - used, now);
        }
    }

    /// <summary>A request was allowed here and then refused elsewhere: it never was.</summary>
    public void Undo(long taken, TimeSpan now)
    {
        End(taken, 0, now);
        if (_settings.RequestsPerMinute is not null)
        {
            _requests.Correct(1, now);
        }
    }

    public void Reconfigure(TenantLimitSettings settings, TimeSpan now)
    {
        Resize(ref _requests, _settings.RequestsPerMinute, settings.RequestsPerMinute, now);
        Resize(ref _tokens, _settings.TokensPerMinute, settings.TokensPerMinute, now);
        _settings = settings;
    }

    private static void Resize(ref TokenBucket bucket, long? before, long? after, TimeSpan now)
    {
        if (before is null || after is null)
        {
            bucket = new TokenBucket(after ?? 0, now);
        }
        else
        {
            bucket.Resize(after.Value, now);
        }
    }

    private static RateWindow Window(ref TokenBucket bucket, TimeSpan now)
    {
        bucket.WaitFor(0, now);
        return new RateWindow(bucket.Capacity, bucket.Remaining, bucket.UntilFull);
    }

    private static string N(long number) => number.ToString(CultureInfo.InvariantCulture);

    private (LimitKind Hit, ApiError? Error) Check(long tokens, TimeSpan now)
    {
        if (_settings.ConcurrentTokens is long most && tokens > most)
        {
            return (LimitKind.ConcurrentTokens, ApiErrors.RequestOverLimit(
                "tokens", $"The request asks for up to {N(tokens)} tokens, and your limit is {N(most)} at one time. Lower max_tokens or shorten the prompt."));
        }

        if (_settings.ConcurrentRequests is int atOnce && RunningRequests >= atOnce)
        {
            return (LimitKind.ConcurrentRequests, ApiErrors.RateLimited(
                "requests", $"You have {N(RunningRequests)} requests running, and your limit is {N(atOnce)} at one time.", ConcurrencyRetry));
        }

        if (_settings.ConcurrentTokens is long together && RunningTokens + tokens > together)
        {
            return (LimitKind.ConcurrentTokens, ApiErrors.RateLimited(
                "tokens",
                $"Your running requests hold {N(RunningTokens)} tokens, this one asks for up to {N(tokens)}, and your limit is {N(together)} at one time.",
                ConcurrencyRetry));
        }

        return CheckRates(tokens, now);
    }

    /// <summary>Where both rates refuse, the one that takes longer is named: waiting for the other would be in vain.</summary>
    private (LimitKind Hit, ApiError? Error) CheckRates(long tokens, TimeSpan now)
    {
        TimeSpan requestWait = _settings.RequestsPerMinute is null ? TimeSpan.Zero : _requests.WaitFor(1, now);
        TimeSpan tokenWait = _settings.TokensPerMinute is null ? TimeSpan.Zero : _tokens.WaitFor(tokens, now);
        if (requestWait == TimeSpan.Zero && tokenWait == TimeSpan.Zero)
        {
            return (LimitKind.None, null);
        }

        return requestWait >= tokenWait
            ? (LimitKind.RequestsPerMinute, ApiErrors.RateLimited("requests", $"Your limit is {N(_requests.Capacity)} requests per minute.", requestWait))
            : (LimitKind.TokensPerMinute, ApiErrors.RateLimited(
                "tokens",
                $"Your limit is {N(_tokens.Capacity)} tokens per minute, of which {N(_tokens.Remaining)} are left; this request asks for up to {N(tokens)}.",
                tokenWait));
    }
}
