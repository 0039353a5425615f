namespace Tiercel.Cli.ModelStore;

/// <summary>Which hub to ask, and as whom.</summary>
/// <param name="Endpoint">Of the hub or a mirror of it; a path in it is kept.</param>
/// <param name="Token">Sent to <paramref name="Endpoint"/> only, never to a host it redirects to.</param>
internal sealed record HubOptions(Uri Endpoint, string? Token)
{
    public const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>How long a connection may be silent.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait before the first retry; it doubles with each failure that follows.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Reads <c>HF_ENDPOINT</c> and <c>HF_TOKEN</c>.</summary>
    /// <exception cref="ModelStoreException">One of them cannot be used.</exception>
    public static HubOptions FromEnvironment(Func<string, string?> variable)
    {
        string endpoint = variable("HF_ENDPOINT") is { Length: > 0 } set ? set : DefaultEndpoint;
        if (!Uri.TryCreate(endpoint.TrimEnd('/'), UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("https" or "http") || address.UserInfo.Length > 0 || address.Query.Length > 0)
        {
            throw new ModelStoreException($"HF_ENDPOINT '{StorePaths.Show(endpoint)}' is not an http or https address");
        }

        string? token = variable("HF_TOKEN")?.Trim() is { Length: > 0 } given ? given : null;
        if (token is not null && token.Any(character => character is <= ' ' or > '~'))
        {
            throw new ModelStoreException("HF_TOKEN has characters that a token cannot have");
        }

        return token is not null && address.Scheme == Uri.UriSchemeHttp && !address.IsLoopback
            ? throw new ModelStoreException($"HF_TOKEN would be sent unencrypted to HF_ENDPOINT {address.Host}; use https or unset HF_TOKEN")
            : new HubOptions(address, token);
    }
}
