namespace Tiercel.Gateway.Admission;

/// <summary>
/// How many requests a foreign engine gets at one time, found from the time to the first token: below the engine's knee it stays what it is when the
/// engine is idle, above it requests wait inside the engine, where nobody can order them. Once per window of answers the limit is multiplied by the
/// gradient, which is how far the mean TTFT is above what is tolerated, and gets a little room to grow while it is in use (Netflix's Gradient2, with a
/// baseline learnt only under light load, so that it does not creep up while the engine is overloaded). Times are compared with prompts of the same size.
/// Pure: the owner locks.
/// </summary>
internal sealed class ConcurrencyLimit
{
    /// <summary>TTFT over baseline that is no sign of waiting.</summary>
    private const double Tolerance = 1.5;

    private const double SteepestCut = 0.5;
    private const double Smoothing = 0.3;
    private const double CutOnRefusal = 0.9;
    private const double BaselineLearning = 0.2;

    /// <summary>A single answer counts at most so many baselines, so that one straggler is not taken for overload.</summary>
    private const double MostRatio = 10;

    private const int WindowAnswers = 10;
    private const int PromptSizes = 24;
    private static readonly TimeSpan WindowTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RefusalPause = TimeSpan.FromSeconds(1);

    private readonly double[] _baselines = new double[PromptSizes];
    private readonly double[] _windowSums = new double[PromptSizes];
    private readonly int[] _windowCounts = new int[PromptSizes];
    private int _least;
    private int _most;
    private double _limit;
    private double _ratios;
    private int _answers;
    private int _busiest;
    private TimeSpan _windowStart;
    private TimeSpan _lastRefusal = TimeSpan.MinValue;

    public ConcurrencyLimit(int first, int least, int most)
    {
        _limit = first;
        Bound(least, most);
    }

    public int Limit => (int)_limit;

    public int InFlight { get; private set; }

    public bool AtLimit => InFlight >= Limit;

    /// <summary>New bounds; what was learnt stays within them.</summary>
    public void Bound(int least, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(least, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, least);
        _least = least;
        _most = most;
        _limit = Math.Clamp(_limit, least, most);
    }

    /// <summary>A request is sent. Whether the limit allows it is the caller's to ask; each sent must end once.</summary>
    public void Sent()
    {
        InFlight++;
        _busiest = Math.Max(_busiest, InFlight);
    }

    public void Ended() => InFlight--;

    /// <summary>The first token of an answer has come.</summary>
    /// <param name="promptTokens">As estimated: only the order of magnitude is used.</param>
    public void FirstToken(long promptTokens, TimeSpan timeToFirstToken, TimeSpan now)
    {
        int size = Math.Min(PromptSizes - 1, (int)Math.Log2(Math.Max(1, promptTokens)));
        double seconds = Math.Max(1e-6, timeToFirstToken.TotalSeconds);
        if (_baselines[size] == 0)
        {
            _baselines[size] = seconds;
        }

        _ratios += Math.Min(MostRatio, seconds / _baselines[size]);
        _windowSums[size] += seconds;
        _windowCounts[size]++;
        _answers++;
        if (_answers >= WindowAnswers && now - _windowStart >= WindowTime)
        {
            CloseWindow(now);
        }
    }

    /// <summary>The engine said that it has too much to do (429, 503), or did not answer in time.</summary>
    public void Refused(TimeSpan now)
    {
        // Requests refused together are one sign, not many.
        if (_lastRefusal == TimeSpan.MinValue || now - _lastRefusal >= RefusalPause)
        {
            _lastRefusal = now;
            _limit = Math.Max(_least, _limit * CutOnRefusal);
        }
    }

    private void CloseWindow(TimeSpan now)
    {
        double ratio = _ratios / _answers;
        double gradient = Math.Clamp(Tolerance / ratio, SteepestCut, 1);
        bool inUse = _busiest >= Limit * 0.8;
        double room = inUse ? Math.Sqrt(_limit) : 0;
        double target = _limit * gradient + room;
        bool light = _busiest <= Math.Max(_least, Limit / 2);

        // Answers that come faster than ever, or come while little runs, say what the engine takes when it does not let wait.
        if (light || ratio < 1)
        {
            LearnBaselines();
        }

        _limit = Math.Clamp(_limit + Smoothing * (target - _limit), _least, _most);
        _ratios = 0;
        _answers = 0;
        _busiest = InFlight;
        _windowStart = now;
        Array.Clear(_windowSums);
        Array.Clear(_windowCounts);
    }

    private void LearnBaselines()
    {
        for (int size = 0; size < PromptSizes; size++)
        {
            if (_windowCounts[size] > 0)
            {
                _baselines[size] += BaselineLearning * (_windowSums[size] / _windowCounts[size] - _baselines[size]);
            }
        }
    }
}
