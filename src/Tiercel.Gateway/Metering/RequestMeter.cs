using Tiercel.Engine;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Gateway.Metering;

/// <summary>Follows the tokens of one generation request, and settles it exactly once.</summary>
internal sealed class RequestMeter
{
    private readonly GatewayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly int[] _tokensOfChoice;
    private readonly long[] _lastOfChoice;
    private long _last;
    private bool _settled;

    /// <param name="started">Time stamp at which the request came in.</param>
    public RequestMeter(GatewayMetrics metrics, TimeProvider time, long started, GenerationBody body, int choices)
    {
        _metrics = metrics;
        _time = time;
        _started = started;
        _tokensOfChoice = new int[choices];
        _lastOfChoice = new long[choices];
        _metrics.Choices.Observe(body.Choices);
        if (body.MaxTokens is int max)
        {
            _metrics.MaxTokens.Observe(max);
        }
    }

    /// <summary>Time from the request to the first token, once there is one.</summary>
    public TimeSpan? FirstToken { get; private set; }

    public void Note(int choice, GenerationEvent news)
    {
        long now = _time.GetTimestamp();
        if (FirstToken is null)
        {
            FirstToken = _time.GetElapsedTime(_started, now);
            _metrics.FirstToken.Observe(FirstToken.Value.TotalSeconds);
        }

        if (news.Tokens.Count > 0)
        {
            if (_tokensOfChoice[choice] > 0)
            {
                _metrics.InterToken.Observe(_time.GetElapsedTime(_lastOfChoice[choice], now).TotalSeconds);
            }

            _tokensOfChoice[choice] += news.Tokens.Count;
            _lastOfChoice[choice] = now;
            _last = now;
        }

        if (news.Finish is FinishReason finish)
        {
            _metrics.CountFinish(finish switch
            {
                FinishReason.Stop => "stop",
                FinishReason.Length => "length",
                FinishReason.Cancelled => "abort",
                _ => "error",
            });
        }
    }

    /// <summary>Ends the request, however it ended.</summary>
    /// <param name="queueTime">How long it waited in the engine's queue, if the engine tells and it ever left it.</param>
    public void Settle(GenerationUsage usage, TimeSpan? queueTime)
    {
        if (_settled)
        {
            return;
        }

        _settled = true;
        TimeSpan whole = _time.GetElapsedTime(_started);
        _metrics.EndToEnd.Observe(whole.TotalSeconds);
        _metrics.PromptTokens.Observe(usage.PromptTokens);
        _metrics.ComputedTokens.Observe(usage.PromptTokens - usage.CachedTokens);
        if (queueTime is TimeSpan queued)
        {
            // The engine's clock starts when it accepts the request, a moment after ours; a difference is never below zero.
            _metrics.Queue.Observe(queued.TotalSeconds);
            _metrics.Inference.Observe(Math.Max(0, (whole - queued).TotalSeconds));
            if (FirstToken is TimeSpan firstToken)
            {
                _metrics.Prefill.Observe(Math.Max(0, (firstToken - queued).TotalSeconds));
            }
        }

        _metrics.GenerationTokens.Observe(usage.OutputTokens);
        int longest = _tokensOfChoice.Max();
        _metrics.LargestGeneration.Observe(longest);
        if (FirstToken is TimeSpan first && longest > 0)
        {
            double decode = (_time.GetElapsedTime(_started, _last) - first).TotalSeconds;
            _metrics.Decode.Observe(decode);
            if (longest > 1)
            {
                _metrics.TimePerToken.Observe(decode / (longest - 1));
            }
        }
    }
}
