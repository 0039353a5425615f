using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Tiercel.Cli.ModelStore;

/// <summary>
/// Speaks the Hugging Face hub's protocol, or that of a mirror. Redirects are followed here and not by the HTTP client, because the access token must
/// not reach the hosts that the hub redirects to.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 10;
    private const int MaxListingBytes = 32 << 20;
    private const long MaxFileBytes = 16L << 40;

    private readonly HttpClient _http;

    public HubClient(HubOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
#pragma warning disable CA2000 // The client owns the handler.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            UseCookies = false,
        });
#pragma warning restore CA2000
        _http.Timeout = Timeout.InfiniteTimeSpan;
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("tiercel", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
    }

    public HubOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>Lists the GGUF files of a repository's main branch.</summary>
    /// <exception cref="ModelStoreException">The repository does not exist or may not be read, or the hub cannot be reached.</exception>
    public async Task<HubRepository> GetRepositoryAsync(HubModelName name, CancellationToken cancellationToken)
    {
        HubRetry retry = new(Time, Options.RetryDelay);
        Uri address = Address($"api/models/{name.FullName}/revision/main?blobs=true");
        while (true)
        {
            try
            {
                using HubResponse response = await GetAsync(address, range: null, cancellationToken);
                return response.Status == HttpStatusCode.OK
                    ? Read(name, await ReadListingAsync(response, cancellationToken))
                    : throw HubErrors.From(response, name.FullName, name.FullName, Options);
            }
            catch (HubUnavailableException e)
            {
                await retry.WaitAsync(e, cancellationToken);
            }
        }
    }

    public Uri FileAddress(HubRepository repository, HubFile file)
        => Address($"{repository.Name}/resolve/{repository.Revision}/{string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString))}");

    /// <summary>Sends one request and follows its redirects; returns when the head of the last answer is here, whatever it says.</summary>
    /// <param name="range">What is asked for of the file.</param>
    /// <exception cref="HubUnavailableException">No answer came.</exception>
    public async Task<HubResponse> GetAsync(Uri address, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        string? linkedTag = null;
        for (int hop = 0; hop <= MaxRedirects; hop++)
        {
            bool fromHub = IsHub(address);
            HttpResponseMessage message = await SendAsync(address, fromHub, range, cancellationToken);
            linkedTag ??= fromHub && message.Headers.TryGetValues("X-Linked-Etag", out IEnumerable<string>? tags) ? tags.First().Trim('"') : null;
            if (message.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
            {
                return new HubResponse(message, fromHub, linkedTag);
            }

            Uri? location = message.Headers.Location;
            message.Dispose();
            address = Next(address, location);
        }

        throw new ModelStoreException($"{Options.Endpoint.Host} redirects more than {MaxRedirects} times");
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(Uri address, bool withToken, RangeHeaderValue? range, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.Range = range;
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (withToken && Options.Token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Options.Token);
        }

        using CancellationTokenSource idle = new(Options.IdleTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubUnavailableException($"{address.Host} did not answer within {Options.IdleTimeout.TotalSeconds:F0} s");
        }
        catch (HttpRequestException e)
        {
            throw new HubUnavailableException($"cannot reach {address.Host}: {e.Message}", innerException: e);
        }
    }

    private static Uri Next(Uri from, Uri? location)
    {
        Uri next = location is null ? throw new ModelStoreException($"{from.Host} redirects without saying where") : new Uri(from, location);
        bool weaker = next.Scheme != Uri.UriSchemeHttps && (next.Scheme != Uri.UriSchemeHttp || from.Scheme == Uri.UriSchemeHttps);
        return weaker ? throw new ModelStoreException($"{from.Host} redirects to {next.Scheme}, which is not encrypted") : next;
    }

    private bool IsHub(Uri address)
        => Uri.Compare(address, Options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private Uri Address(string path) => new($"{Options.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<HubModelInfo> ReadListingAsync(HubResponse response, CancellationToken cancellationToken)
    {
        string host = Options.Endpoint.Host;
        using CancellationTokenSource idle = new(Options.IdleTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        try
        {
            await using MemoryStream body = new();
            await using Stream from = await response.Message.Content.ReadAsStreamAsync(either.Token);
            byte[] buffer = new byte[64 << 10];
            for (int read; (read = await from.ReadAsync(buffer, either.Token)) > 0;)
            {
                idle.CancelAfter(Options.IdleTimeout);
                if (body.Length + read > MaxListingBytes)
                {
                    throw new ModelStoreException($"the listing of {host} is longer than {ByteSize.Format(MaxListingBytes)}");
                }

                body.Write(buffer.AsSpan(0, read));
            }

            return JsonSerializer.Deserialize(body.GetBuffer().AsSpan(0, (int)body.Length), ModelStoreJson.Default.HubModelInfo)
                ?? throw new ModelStoreException($"{host} answers without a listing");
        }
        catch (JsonException e)
        {
            throw new ModelStoreException($"{host} does not answer like a hub: the listing is not the JSON it should be", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubUnavailableException($"{host} stopped in the middle of its listing");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HubUnavailableException($"the connection to {host} broke: {e.Message}", innerException: e);
        }
    }

    private static HubRepository Read(HubModelName name, HubModelInfo info)
    {
        if (info.Sha is not { Length: 40 } || !info.Sha.All(char.IsAsciiHexDigit))
        {
            throw new ModelStoreException($"the listing of {name.FullName} has no commit");
        }

        List<HubFile> files = [];
        foreach (HubModelInfo.Sibling? sibling in info.Siblings ?? [])
        {
            if (sibling?.Path is { } path && GgufFileName.Of(path) is not null)
            {
                files.Add(Read(name, path, sibling));
            }
        }

        // The hub takes names in any case; the store uses the one spelling that the hub gives, so that the same model is not pulled twice.
        bool sameName = string.Equals(info.Id, name.FullName, StringComparison.OrdinalIgnoreCase);
        return new HubRepository(sameName ? info.Id! : name.FullName, info.Sha, files);
    }

    private static HubFile Read(HubModelName name, string path, HubModelInfo.Sibling sibling)
    {
        string shown = $"{name.FullName}/{StorePaths.Show(path)}";
        if (!StorePaths.IsSafe(path))
        {
            throw new ModelStoreException($"the listing of {name.FullName} has a file that is not safely named: '{StorePaths.Show(path)}'");
        }

        long size = sibling.Lfs?.Size ?? sibling.Size ?? 0;
        string? hash = sibling.Lfs?.Sha256;
        if (size is <= 0 or > MaxFileBytes)
        {
            throw new ModelStoreException($"the listing says that {shown} has {size} bytes");
        }

        // Without a hash there would be no telling a good file from a damaged one.
        return hash is { Length: 64 } && hash.All(char.IsAsciiHexDigit)
            ? new HubFile(path, size, hash.ToLowerInvariant())
            : throw new ModelStoreException($"the listing gives no SHA-256 for {shown}");
    }
}
