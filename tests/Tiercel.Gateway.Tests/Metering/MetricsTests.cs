using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Metering;

public sealed partial class MetricsTests
{
    [Fact]
    public async Task The_five_gauges_that_routers_read_are_there_by_name()
    {
        FakeEngine plain = new();
        FakeEngine engine = new() { Model = plain.Model with { Name = "a\"b\\c\nd" } };
        engine.Status = engine.Status with { RunningSequences = 3, WaitingSequences = 4 };
        await using TestGateway gateway = await TestGateway.StartAsync(engine);
        string text = await gateway.Client.GetStringAsync("/metrics");
        const string Labels = "{model_name=\"a\\\"b\\\\c\\nd\",engine=\"0\"}";
        Assert.Contains($"\nvllm:num_requests_running{Labels} 3\n", text, StringComparison.Ordinal);
        Assert.Contains($"\nvllm:num_requests_waiting{Labels} 4\n", text, StringComparison.Ordinal);
        // 100 blocks, 60 free, 15 that only the cache holds.
        Assert.Contains($"\nvllm:kv_cache_usage_perc{Labels} 0.25\n", text, StringComparison.Ordinal);
        Assert.Matches("\nvllm:lora_requests_info\\{max_lora=\"0\",running_lora_adapters=\"\",waiting_lora_adapters=\"\"\\} [0-9.]+\n", text);
        Assert.Contains("block_size=\"32\",num_gpu_blocks=\"100\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_counted_by_how_they_ended_and_measured()
    {
        await using TestGateway gateway = await TestGateway.StartAsync(new FakeEngine { Answer = "abc" });
        await gateway.PostJsonAsync("/v1/completions", """{"prompt":"xy","max_tokens":2,"n":2}""");
        await gateway.PostStreamAsync("/v1/completions", """{"prompt":"xy","stream":true}""");
        await gateway.PostJsonAsync("/v1/completions", """{"prompt":7}""");
        await gateway.UntilIdleAsync();
        Dictionary<string, double> samples = Parse(await gateway.Client.GetStringAsync("/metrics"));
        const string Labels = "model_name=\"fake\",engine=\"0\"";
        Assert.Equal(2, samples[$"vllm:request_success_total{{{Labels},finished_reason=\"length\"}}"]);
        Assert.Equal(1, samples[$"vllm:request_success_total{{{Labels},finished_reason=\"stop\"}}"]);
        Assert.Equal(2, samples[$"vllm:e2e_request_latency_seconds_count{{{Labels}}}"]);
        Assert.Equal(2, samples[$"vllm:time_to_first_token_seconds_count{{{Labels}}}"]);
        Assert.Equal(2, samples[$"vllm:request_queue_time_seconds_count{{{Labels}}}"]);
        Assert.Equal(0.5, samples[$"vllm:request_queue_time_seconds_sum{{{Labels}}}"]);
        Assert.Equal(2, samples[$"vllm:request_prefill_time_seconds_count{{{Labels}}}"]);
        Assert.Equal(2, samples[$"vllm:request_inference_time_seconds_count{{{Labels}}}"]);

        // Two prompts of three tokens, of which the fake engine calls two cached.
        Assert.Equal(2, samples[$"vllm:request_prefill_kv_computed_tokens_sum{{{Labels}}}"]);
        Assert.Equal(6, samples[$"vllm:request_prompt_tokens_sum{{{Labels}}}"]);
        Assert.Equal(7, samples[$"vllm:request_generation_tokens_sum{{{Labels}}}"]);
        Assert.Equal(1, samples[$"vllm:request_params_n_bucket{{{Labels},le=\"1\"}}"]);
        Assert.Equal(2, samples[$"vllm:request_params_n_bucket{{{Labels},le=\"2\"}}"]);
        Assert.Equal(2, samples["tiercel_http_answers_total{path=\"/v1/completions\",status=\"200\"}"]);
        Assert.Equal(1, samples["tiercel_http_answers_total{path=\"/v1/completions\",status=\"400\"}"]);
        Assert.Equal(0, samples["tiercel_requests_inside"]);
        // Two choices of two tokens and one of three: the gaps between the tokens of a choice.
        Assert.Equal(4, samples[$"vllm:inter_token_latency_seconds_count{{{Labels}}}"]);
    }

    [Fact]
    public async Task The_exposition_is_well_formed()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        await gateway.PostJsonAsync("/v1/completions", """{"prompt":"xy"}""");
        using HttpResponseMessage response = await gateway.Client.GetAsync("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        string text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string? family = null;
        string type = "";
        HashSet<string> families = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(families.Add(family), $"{family} is described twice");
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.Equal(family, line.Split(' ')[2]);
                type = line.Split(' ')[3];
                Assert.Contains(type, new[] { "counter", "gauge", "histogram" });
            }
            else
            {
                Match sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                string name = sample.Groups["name"].Value;
                string[] allowed = type == "histogram" ? [$"{family}_bucket", $"{family}_sum", $"{family}_count"] : [family!];
                Assert.Contains(name, allowed);
                Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Buckets_are_cumulated_and_their_bounds_belong_to_them()
    {
        Histogram histogram = new(1, 2.5);
        foreach (double value in new[] { 0.5, 1, 1.01, 2.5, 9 })
        {
            histogram.Observe(value);
        }

        ArrayBufferWriter<byte> output = new();
        new PrometheusText(output).Histogram("h", "A\nhelp", histogram, ("a", "b"));
        Assert.Equal(
            "# HELP h A\\nhelp\n# TYPE h histogram\n"
            + "h_bucket{a=\"b\",le=\"1\"} 2\nh_bucket{a=\"b\",le=\"2.5\"} 4\nh_bucket{a=\"b\",le=\"+Inf\"} 5\nh_sum{a=\"b\"} 14.01\nh_count{a=\"b\"} 5\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static Dictionary<string, double> Parse(string text) => text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(line => line[0] != '#')
        .ToDictionary(
            line => line[..line.LastIndexOf(' ')],
            line => line.EndsWith("+Inf", StringComparison.Ordinal) ? double.PositiveInfinity : double.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture));

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-z_]+="([^"\\\n]|\\.)*"(,[a-z_]+="([^"\\\n]|\\.)*")*\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Sample();
}
