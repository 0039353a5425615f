using Tiercel.Gateway.Routing;

namespace Tiercel.Simulation.Routing;

/// <summary>Adds up what became of the requests of a run.</summary>
internal sealed class TwinTally(TwinOptions options)
{
    private readonly List<double> _ttft = [];
    private int _refused;
    private int _good;
    private int _late;
    private int _slow;
    private long _prompt;
    private long _cached;
    private double _bias;
    private double _error;
    private double _cacheBias;
    private double _cacheError;

    public void Refused(TraceRow row) => _refused++;

    public void Served(TraceRow row, RouteDecision decision, int cached, double ttft, double decode)
    {
        _ttft.Add(ttft);
        double tpot = decode / Math.Max(1, row.OutputTokens - 1);
        bool late = ttft > (options.TtftObjective ?? 5);
        _late += late ? 1 : 0;
        _slow += !late && tpot > options.TpotObjective ? 1 : 0;
        _good += !late && tpot <= options.TpotObjective ? 1 : 0;
        _prompt += row.InputTokens;
        _cached += cached;
        double miss = ttft - decision.PredictedTtft.TotalSeconds;
        _bias += miss;
        _error += Math.Abs(miss);
        int cacheMiss = cached - (decision.PromptTokens - decision.PredictedUncachedTokens);
        _cacheBias += cacheMiss;
        _cacheError += Math.Abs(cacheMiss);
    }

    public TwinReport Sum(double prefillShare)
    {
        _ttft.Sort();
        int served = _ttft.Count;
        double each = Math.Max(1, served);
        return new TwinReport
        {
            Requests = served + _refused,
            Refused = _refused,
            WithinObjective = _good / (double)Math.Max(1, served + _refused),
            TtftMean = _ttft.Sum() / each,
            TtftP50 = Quantile(0.5),
            TtftP90 = Quantile(0.9),
            TtftP99 = Quantile(0.99),
            LateFirst = _late / each,
            SlowStream = _slow / each,
            CachedShare = _cached / (double)Math.Max(1, _prompt),
            PredictionBias = _bias / each,
            PredictionError = _error / each,
            CacheBias = _cacheBias / each,
            CacheError = _cacheError / each,
            PrefillShare = prefillShare,
        };
    }

    private double Quantile(double share) => _ttft.Count == 0 ? 0 : _ttft[Math.Min(_ttft.Count - 1, (int)(share * _ttft.Count))];
}
