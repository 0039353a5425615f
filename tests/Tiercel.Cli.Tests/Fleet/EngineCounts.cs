using System.Globalization;

namespace Tiercel.Cli.Tests.Fleet;

/// <summary>What a worker counts itself, as its <c>/metrics</c> tell.</summary>
/// <param name="Requests">Requests that it ended.</param>
/// <param name="Prompt">Tokens of their prompts.</param>
/// <param name="Completion">Tokens of their answers, those that another worker had delivered before a resume included.</param>
/// <param name="Generated">Tokens that it sampled itself.</param>
internal readonly record struct EngineCounts(long Requests, long Prompt, long Completion, long Generated)
{
    public static async Task<EngineCounts> ReadAsync(HttpClient client, string url)
    {
        string[] lines = (await client.GetStringAsync(new Uri($"{url}/metrics"))).Split('\n');
        return new EngineCounts(
            Metric(lines, "vllm:request_generation_tokens_count"),
            Metric(lines, "vllm:request_prompt_tokens_sum"),
            Metric(lines, "vllm:request_generation_tokens_sum"),
            Metric(lines, "vllm:generation_tokens_total"));
    }

    private static long Metric(string[] lines, string name) => lines
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && (line[name.Length] is ' ' or '{'))
        .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
}
