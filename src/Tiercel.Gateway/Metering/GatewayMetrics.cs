using System.Buffers;
using System.Collections.Concurrent;
using Tiercel.Engine;

namespace Tiercel.Gateway.Metering;

/// <summary>
/// What <c>/metrics</c> shows. Names, labels and buckets of what vLLM has too are vLLM's, letter for letter, so that routers and dashboards made for it
/// work unchanged; what only this server has begins with <c>tiercel_</c>.
/// </summary>
internal sealed class GatewayMetrics
{
    private static readonly double[] FirstTokenBounds =
        [.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private static readonly double[] TokenBounds = [.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] RequestBounds =
        [.3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private readonly IInferenceEngine _engine;
    private readonly (string Name, string Value)[] _labels;
    private readonly ConcurrentDictionary<string, long> _finished = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Path, int Status), long> _answers = new();
    private long _rejections;

    public GatewayMetrics(IInferenceEngine engine)
    {
        _engine = engine;
        _labels = [("model_name", engine.Model.Name), ("engine", "0")];
        double[] lengths = OneTwoFive(engine.Model.ContextLength);
        PromptTokens = new Histogram(lengths);
        ComputedTokens = new Histogram(lengths);
        GenerationTokens = new Histogram(lengths);
        LargestGeneration = new Histogram(lengths);
        MaxTokens = new Histogram(lengths);
        foreach (string reason in new[] { "stop", "length", "abort", "error" })
        {
            _finished[reason] = 0;
        }
    }

    /// <summary>Seconds from the request to its first token.</summary>
    public Histogram FirstToken { get; } = new(FirstTokenBounds);

    /// <summary>Seconds between tokens of a request.</summary>
    public Histogram InterToken { get; } = new(TokenBounds);

    /// <summary>Seconds a token after the first, as a mean over a request.</summary>
    public Histogram TimePerToken { get; } = new(TokenBounds);

    /// <summary>Seconds from the request to the end of its answer.</summary>
    public Histogram EndToEnd { get; } = new(RequestBounds);

    /// <summary>Seconds from being accepted by the engine to the first step that works on the request.</summary>
    public Histogram Queue { get; } = new(RequestBounds);

    /// <summary>Seconds from that step to the first token.</summary>
    public Histogram Prefill { get; } = new(RequestBounds);

    /// <summary>Seconds from that step to the end of the answer.</summary>
    public Histogram Inference { get; } = new(RequestBounds);

    /// <summary>Seconds from the first token to the last.</summary>
    public Histogram Decode { get; } = new(RequestBounds);

    public Histogram PromptTokens { get; }

    /// <summary>Prompt tokens that were computed, not taken from the cache.</summary>
    public Histogram ComputedTokens { get; }

    public Histogram GenerationTokens { get; }

    public Histogram LargestGeneration { get; }

    public Histogram MaxTokens { get; }

    public Histogram Choices { get; } = new(1, 2, 5, 10, 20);

    public void CountFinish(string reason) => _finished.AddOrUpdate(reason, 1, (_, count) => count + 1);

    public void CountAnswer(string path, int status) => _answers.AddOrUpdate((path, status), 1, (_, count) => count + 1);

    public void CountRejection() => Interlocked.Increment(ref _rejections);

    /// <param name="now">Stamp of the metrics whose value is a time.</param>
    /// <param name="inside">Requests in the house.</param>
    /// <param name="logLinesDropped">Lines that the request log could not take.</param>
    public void Write(IBufferWriter<byte> output, DateTimeOffset now, int inside, long logLinesDropped)
    {
        PrometheusText text = new(output);
        WriteEngine(text, _engine.GetStatus(), now);
        WriteRequests(text);
        text.Family("tiercel_requests_inside", "gauge", "Requests that the gateway is working on.");
        text.Sample("tiercel_requests_inside", inside);
        text.Family("tiercel_http_answers_total", "counter", "Answers by path and HTTP status.");
        foreach (((string path, int status), long count) in _answers.OrderBy(pair => pair.Key))
        {
            text.Sample("tiercel_http_answers_total", count, ("path", path), ("status", status.ToString()));
        }

        text.Family("tiercel_request_log_dropped_total", "counter", "Lines of the request log that were lost because its target was too slow.");
        text.Sample("tiercel_request_log_dropped_total", logLinesDropped);
    }

    private static double[] OneTwoFive(int max)
    {
        List<double> bounds = [];
        for (long scale = 1; ; scale *= 10)
        {
            foreach (int step in new[] { 1, 2, 5 })
            {
                if (scale * step > max)
                {
                    return bounds.Count > 0 ? [.. bounds] : [1];
                }

                bounds.Add(scale * step);
            }
        }
    }

    private void WriteEngine(PrometheusText text, EngineStatus status, DateTimeOffset now)
    {
        // What only the prefix cache holds is free for the taking, so it is no load.
        int used = status.TotalBlocks - status.FreeBlocks - status.CachedBlocks;
        Gauge(text, "vllm:num_requests_running", "Number of requests in model execution batches.", status.RunningSequences);
        Gauge(text, "vllm:num_requests_waiting", "Number of requests waiting to be processed.", status.WaitingSequences);
        Gauge(text, "vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", status.TotalBlocks > 0 ? (double)used / status.TotalBlocks : 0);
        text.Family("vllm:lora_requests_info", "gauge", "Running stats on lora requests.");
        text.Sample(
            "vllm:lora_requests_info",
            now.ToUnixTimeMilliseconds() / 1000.0,
            ("max_lora", "0"), ("running_lora_adapters", ""), ("waiting_lora_adapters", ""));
        text.Family("vllm:cache_config_info", "gauge", "Information of the LLMEngine CacheConfig");
        text.Sample(
            "vllm:cache_config_info",
            1,
            [.. _labels, ("block_size", status.BlockSize.ToString()), ("num_gpu_blocks", status.TotalBlocks.ToString()), ("enable_prefix_caching", "True")]);
        Counter(text, "vllm:prompt_tokens_total", "Number of prefill tokens processed.", status.PromptTokens);
        Counter(text, "vllm:generation_tokens_total", "Number of generation tokens processed.", status.GeneratedTokens);
        Counter(text, "vllm:prompt_tokens_cached_total", "Number of prompt tokens taken from the prefix cache.", status.PrefixCacheHits);
        Counter(text, "vllm:prefix_cache_queries_total", "Prefix cache queries, in terms of number of queried tokens.", status.PrefixCacheQueries);
        Counter(text, "vllm:prefix_cache_hits_total", "Prefix cache hits, in terms of number of cached tokens.", status.PrefixCacheHits);
        Counter(text, "vllm:num_preemptions_total", "Cumulative number of preemption from the engine.", status.Preemptions);
        Counter(text, "tiercel_engine_steps_total", "Steps the engine has made.", status.Steps);
        Gauge(text, "tiercel_engine_alive", "1 while the step loop advances or is idle.", status.Alive ? 1 : 0);
    }

    private void WriteRequests(PrometheusText text)
    {
        text.Family("vllm:request_success_total", "counter", "Count of processed requests by the reason they ended.");
        foreach ((string reason, long count) in _finished.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Sample("vllm:request_success_total", count, [.. _labels, ("finished_reason", reason)]);
        }

        Counter(text, "vllm:admission_rejections_total", "Requests refused because the server was full or draining.", Interlocked.Read(ref _rejections));
        text.Histogram("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", FirstToken, _labels);
        text.Histogram("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", InterToken, _labels);
        text.Histogram("vllm:request_time_per_output_token_seconds", "Histogram of time per output token, a mean of each request.", TimePerToken, _labels);
        text.Histogram("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", EndToEnd, _labels);
        text.Histogram("vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", Queue, _labels);
        text.Histogram("vllm:request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.", Inference, _labels);
        text.Histogram("vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", Prefill, _labels);
        text.Histogram("vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", Decode, _labels);
        text.Histogram("vllm:request_prompt_tokens", "Number of prefill tokens processed.", PromptTokens, _labels);
        text.Histogram("vllm:request_prefill_kv_computed_tokens", "Number of prompt tokens computed, cached ones left out.", ComputedTokens, _labels);
        text.Histogram("vllm:request_generation_tokens", "Number of generation tokens processed.", GenerationTokens, _labels);
        text.Histogram("vllm:request_max_num_generation_tokens", "Histogram of the largest number of tokens of a choice.", LargestGeneration, _labels);
        text.Histogram("vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.", MaxTokens, _labels);
        text.Histogram("vllm:request_params_n", "Histogram of the n request parameter.", Choices, _labels);
    }

    private void Gauge(PrometheusText text, string name, string help, double value)
    {
        text.Family(name, "gauge", help);
        text.Sample(name, value, _labels);
    }

    private void Counter(PrometheusText text, string name, string help, double value)
    {
        text.Family(name, "counter", help);
        text.Sample(name, value, _labels);
    }
}
