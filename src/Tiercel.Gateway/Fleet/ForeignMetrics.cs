using System.Buffers;
using System.Globalization;
using System.Text;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Fleet;

/// <summary>Reads of an engine's Prometheus text what a router can use, by the names of vLLM, SGLang and llama.cpp. Values of several label sets are summed.</summary>
internal static class ForeignMetrics
{
    private const int MaxLines = 20_000;

    public static ReplicaStatus Read(in ReadOnlySequence<byte> text)
    {
        double? running = null, waiting = null, use = null;
        double blockTokens = 0, blocks = 0;
        int lines = 0;
        foreach (ReadOnlySpan<char> line in Encoding.UTF8.GetString(text).AsSpan().EnumerateLines())
        {
            if (++lines > MaxLines)
            {
                break;
            }

            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            int nameEnd = line.IndexOfAny('{', ' ');
            int space = line.LastIndexOf(' ');
            if (nameEnd <= 0 || !double.TryParse(line[(space + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
            {
                continue;
            }

            switch (line[..nameEnd])
            {
                case "vllm:num_requests_running" or "sglang:num_running_reqs" or "llamacpp:requests_processing":
                    running = (running ?? 0) + value;
                    break;
                case "vllm:num_requests_waiting" or "sglang:num_queue_reqs" or "llamacpp:requests_deferred":
                    waiting = (waiting ?? 0) + value;
                    break;
                case "vllm:kv_cache_usage_perc" or "vllm:gpu_cache_usage_perc" or "sglang:token_usage" or "llamacpp:kv_cache_usage_ratio":
                    use = Math.Max(use ?? 0, value);
                    break;
                case "vllm:cache_config_info":
                    blockTokens = Label(line, "block_size");
                    blocks = Label(line, "num_gpu_blocks");
                    break;
            }
        }

        return new ReplicaStatus
        {
            Running = Count(running),
            Waiting = Count(waiting),
            KvUse = use is double share ? Math.Clamp(share, 0, 1) : null,
            KvTokens = blockTokens > 0 && blocks > 0 && blockTokens * blocks < 1e12 ? (long)(blockTokens * blocks) : null,
        };
    }

    private static int? Count(double? value) => value is >= 0 and < int.MaxValue ? (int)value.Value : null;

    private static double Label(ReadOnlySpan<char> line, string name)
    {
        int at = line.IndexOf($"{name}=\"", StringComparison.Ordinal);
        ReadOnlySpan<char> rest = at < 0 ? [] : line[(at + name.Length + 2)..];
        int end = rest.IndexOf('"');
        return end > 0 && double.TryParse(rest[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : 0;
    }
}
