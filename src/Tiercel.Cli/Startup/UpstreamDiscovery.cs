using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Startup;

/// <summary>Asks an address whether a Tiercel worker or another OpenAI-compatible server is there, and which model it has.</summary>
internal sealed class UpstreamDiscovery : IDisposable
{
    private const int MaxAnswerBytes = 1 << 20;
    private readonly HttpClient _client;
    private readonly Secret? _secret;

    public UpstreamDiscovery(Secret? secret)
    {
        _secret = secret;
        _client = new HttpClient { Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <exception cref="UserErrorException">Nobody answers there, or with something else.</exception>
    public async Task<DiscoveredUpstream> AskAsync(string address, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw new UserErrorException($"--upstream: '{address}' is no address; write it like http://127.0.0.1:8081", ExitCodes.Usage);
        }

        try
        {
            if (_secret is not null && await GetAsync(url, "/internal/info", _secret, cancellationToken) is JsonElement info
                && info.TryGetProperty("model", out JsonElement model) && model.ValueKind == JsonValueKind.String)
            {
                return new DiscoveredUpstream(url, UpstreamKind.Tiercel, model.GetString()!);
            }

            if (await GetAsync(url, "/v1/models", null, cancellationToken) is JsonElement list
                && list.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Array && data.GetArrayLength() > 0
                && data[0].TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String)
            {
                return new DiscoveredUpstream(url, UpstreamKind.OpenAI, id.GetString()!);
            }
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new UserErrorException($"{url} does not answer as an engine would: {error.Message}");
        }

        throw new UserErrorException($"{url} tells no model at /v1/models");
    }

    public void Dispose() => _client.Dispose();

    private async Task<JsonElement?> GetAsync(Uri url, string path, Secret? secret, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(url.AbsoluteUri.TrimEnd('/') + path));
        request.Headers.Authorization = secret is null ? null : new AuthenticationHeaderValue("Bearer", secret.Reveal());
        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK ? JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) : null;
    }
}
