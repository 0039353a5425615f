using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Startup;

/// <summary>
/// Asks an address whether a Tiercel worker or another OpenAI-compatible server is there, and which model it has. An engine that is still starting is waited
/// for. The cluster's secret is shown only to who says of itself that it is a worker of a fleet.
/// </summary>
internal sealed class UpstreamDiscovery : IDisposable
{
    private const int MaxAnswerBytes = 1 << 20;

    /// <summary>Models of one engine that are routed; a cloud with more is better told by a file which of them are wanted.</summary>
    private const int MaxModels = 256;

    private static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(100);
    private readonly HttpClient _client;
    private readonly CliEnvironment _environment;
    private readonly Secret? _secret;
    private readonly TimeSpan _patience;

    /// <param name="patience">How long one that does not listen yet is waited for.</param>
    public UpstreamDiscovery(CliEnvironment environment, Secret? secret, TimeSpan patience)
    {
        _environment = environment;
        _secret = secret;
        _patience = patience;
        _client = new HttpClient { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <exception cref="UserErrorException">Nobody answers there, or with something else.</exception>
    public async Task<DiscoveredUpstream> AskAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw new UserErrorException($"--upstream: '{address}' is no address; write it like http://127.0.0.1:8081", ExitCodes.Usage);
        }

        long began = _environment.Time.GetTimestamp();
        bool told = false;
        while (true)
        {
            string reason;
            try
            {
                if (await FindAsync(url, cancellationToken) is DiscoveredUpstream found)
                {
                    return found;
                }

                reason = "it is there, and not ready yet";
            }
            catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConnectionError)
            {
                reason = "nobody listens there";
            }
            catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // What starts or loads on a machine that has much to do may be slow to say so.
                reason = "it does not answer";
            }
            catch (Exception error) when (error is HttpRequestException or JsonException)
            {
                throw new UserErrorException($"{url} does not answer as an engine would: {(error.InnerException ?? error).Message}");
            }

            if (_environment.Time.GetElapsedTime(began) >= _patience)
            {
                throw new UserErrorException($"{url} was waited for in vain: {reason}");
            }

            if (!told)
            {
                _environment.Error.WriteLine($"tiercel: waiting for {url} ({reason})");
                told = true;
            }

            await Task.Delay(Recheck, _environment.Time, cancellationToken);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Null where an engine is there that is still loading.</summary>
    private async Task<DiscoveredUpstream?> FindAsync(Uri url, CancellationToken cancellationToken)
    {
        (HttpStatusCode status, JsonElement answer) = await GetAsync(url, "/internal/info", null, cancellationToken);
        if (status == HttpStatusCode.Unauthorized && IsWorkers(answer))
        {
            return new DiscoveredUpstream(url, UpstreamKind.Tiercel, [await ModelOfWorkerAsync(url, cancellationToken)]);
        }

        (status, answer) = await GetAsync(url, "/v1/models", null, cancellationToken);
        if (status == HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }

        if (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new UserErrorException($"{url} wants a key: write it into a file as the upstream's `key`, and give that with --config");
        }

        string[] models = ModelsOf(answer);
        return models.Length > 0
            ? new DiscoveredUpstream(url, UpstreamKind.OpenAI, models)
            : throw new UserErrorException($"{url} tells no model at /v1/models (status {(int)status})");
    }

    private static string[] ModelsOf(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("data", out JsonElement data) || data.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        IEnumerable<JsonElement> ids = data.EnumerateArray()
            .Where(model => model.ValueKind == JsonValueKind.Object && model.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String)
            .Select(model => model.GetProperty("id"));
        return [.. ids.Select(id => id.GetString()!).Where(id => id.Length is > 0 and <= 256).Distinct().Take(MaxModels)];
    }

    private async Task<string> ModelOfWorkerAsync(Uri url, CancellationToken cancellationToken)
    {
        if (_secret is null)
        {
            throw new UserErrorException($"{url} is a worker of a fleet: set {FleetStartup.SecretVariable} to the secret that it was started with");
        }

        (HttpStatusCode status, JsonElement info) = await GetAsync(url, "/internal/info", _secret, cancellationToken);
        return status == HttpStatusCode.OK && info.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.String
            ? model.GetString()!
            : throw new UserErrorException(status == HttpStatusCode.Unauthorized
                ? $"{url} is a worker with another secret than this gateway's: {FleetStartup.SecretVariable} must be the same for both"
                : $"{url} is a worker that answered {(int)status} to /internal/info");
    }

    /// <summary>What a Tiercel worker says to strangers.</summary>
    private static bool IsWorkers(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("code", out JsonElement code) && code.ValueKind == JsonValueKind.String && code.GetString() == "not_of_the_fleet";

    private async Task<(HttpStatusCode Status, JsonElement Answer)> GetAsync(Uri url, string path, Secret? secret, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(url.AbsoluteUri.TrimEnd('/') + path));
        request.Headers.Authorization = secret is null ? null : new AuthenticationHeaderValue("Bearer", secret.Reveal());
        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
        bool isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
        return (response.StatusCode, isJson ? JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) : default);
    }
}
