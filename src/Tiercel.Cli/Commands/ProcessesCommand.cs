using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Terminal;

namespace Tiercel.Cli.Commands;

/// <summary><c>tiercel ps</c>: asks a running server what it does.</summary>
internal static class ProcessesCommand
{
    private const int MaxAnswerBytes = 8 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Command Create(CliEnvironment environment)
    {
        Option<string> url = new("--url") { Description = "The server.", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
        Option<string?> key = new("--api-key") { Description = "Its API key. Default: TIERCEL_API_KEY.", HelpName = "KEY" };
        Option<bool> json = CommonOptions.Json();
        Command command = new("ps", "Shows what a running server serves and how busy it is.") { url, key, json };
        command.SetAction((parsed, _) => RunAsync(environment, parsed.GetValue(url)!, parsed.GetValue(key) ?? environment.Variable("TIERCEL_API_KEY"), parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> RunAsync(CliEnvironment environment, string address, string? key, bool json)
    {
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw new UserErrorException($"--url: '{address}' is not an http or https address", ExitCodes.Usage);
        }

        using HttpClient http = new() { BaseAddress = url, Timeout = Patience, MaxResponseContentBufferSize = MaxAnswerBytes };
        http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        ServerProcess server;
        try
        {
            server = await AskAsync(http, address.TrimEnd('/'));
        }
        catch (Exception error) when (error is HttpRequestException { StatusCode: null } or TaskCanceledException)
        {
            throw new UserErrorException($"no server answers at {url}; start one with tiercel serve, or name another with --url");
        }

        if (json)
        {
            CliJson.Write(environment, server, CliJson.Default.ServerProcess);
            return ExitCodes.Success;
        }

        TableWriter.Write(environment, ["MODEL", "QUANT", "SIZE", "CONTEXT", "STATUS", "RUNNING", "WAITING", "KV"], server.Models.Select(model => (string[])
        [
            model.Name, model.WeightType ?? "", model.WeightBytes is { } bytes ? ByteSize.Format(bytes) : "", Text(model.ContextLength), server.Status,
            Text(server.Running), Text(server.Waiting), server.KvCacheUsage is { } usage ? usage.ToString("P0", CultureInfo.InvariantCulture) : "",
        ]));
        return ExitCodes.Success;
    }

    private static async Task<ServerProcess> AskAsync(HttpClient http, string address)
    {
        using HttpResponseMessage models = await http.GetAsync(new Uri("v1/models", UriKind.Relative));
        if (!models.IsSuccessStatusCode)
        {
            throw new UserErrorException($"{address} answered {(int)models.StatusCode} to /v1/models{((int)models.StatusCode == 401 ? "; it wants --api-key" : "")}");
        }

        ModelList list;
        try
        {
            list = await models.Content.ReadFromJsonAsync(CliJson.Default.ModelList) ?? new ModelList([]);
        }
        catch (JsonException)
        {
            throw new UserErrorException($"{address} answers, but not as an OpenAI-compatible server");
        }

        using HttpResponseMessage health = await http.GetAsync(new Uri("health", UriKind.Relative));
        string metrics = await TextAsync(http, "metrics");
        return new ServerProcess(
            address,
            health.IsSuccessStatusCode ? "ready" : $"not ready ({(int)health.StatusCode})",
            JsonField(await TextAsync(http, "version"), "version"),
            [.. (list.Data ?? []).Where(entry => entry?.Id is not null)
                .Select(entry => new ServedModel(entry!.Id!, entry.Meta?.WeightType, entry.Meta?.WeightBytes, entry.ContextLength))],
            (int?)Gauge(metrics, "vllm:num_requests_running"),
            (int?)Gauge(metrics, "vllm:num_requests_waiting"),
            Gauge(metrics, "vllm:kv_cache_usage_perc"));
    }

    /// <summary>Empty where the server has no such page.</summary>
    private static async Task<string> TextAsync(HttpClient http, string path)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : "";
    }

    private static string? JsonField(string json, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty(name).GetString();
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The sum of a metric over its labels, from Prometheus text.</summary>
    private static double? Gauge(string metrics, string name)
    {
        double? sum = null;
        foreach (string line in metrics.Split('\n'))
        {
            bool isSample = line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ('{' or ' ');
            string[] parts = line.Trim().Split(' ');
            if (isSample && double.TryParse(parts[^1], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            {
                sum = (sum ?? 0) + value;
            }
        }

        return sum;
    }

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
