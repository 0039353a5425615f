using System.Globalization;
using System.Net;

namespace Tiercel.Cli.ModelStore;

/// <summary>What the hub's refusals mean to the user. The hub's own texts are not shown: they are another party's words on the user's terminal.</summary>
internal static class HubErrors
{
    /// <param name="what">What was asked for: <c>user/repo</c>, with a file where there is one.</param>
    public static Exception From(HubResponse response, string repository, string what, HubOptions options)
    {
        string? code = response.Message.Headers.TryGetValues("X-Error-Code", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        string host = response.Host;
        int status = (int)response.Status;
        if (status is 408 or 425 or 429 or >= 500)
        {
            return new HubUnavailableException(string.Create(CultureInfo.InvariantCulture, $"{host} answers {status} for {what}"), RetryAfter(response));
        }

        if (!response.IsFromHub)
        {
            // Addresses on the content network expire; asking the hub again gives a new one.
            return new HubUnavailableException(string.Create(CultureInfo.InvariantCulture, $"{host} answers {status} for {what}"));
        }

        string page = $"{options.Endpoint.AbsoluteUri.TrimEnd('/')}/{repository}";
        bool hasToken = options.Token is not null;
        return new ModelStoreException((response.Status, code) switch
        {
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") when !hasToken =>
                $"{repository} is a gated model: accept its terms at {page} and set HF_TOKEN to your access token",
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") =>
                $"{repository} is a gated model and HF_TOKEN has no access to it: ask for it at {page}",
            (HttpStatusCode.Unauthorized, _) when !hasToken =>
                $"{repository} does not exist on {host}, or it is private: check the name, or set HF_TOKEN to an access token",
            (HttpStatusCode.Unauthorized, _) => $"{host} does not accept HF_TOKEN for {repository}: check the token and the name",
            (HttpStatusCode.Forbidden, _) => $"{host} refuses access to {repository}{(hasToken ? string.Empty : "; a model with terms needs HF_TOKEN")}",
            (HttpStatusCode.NotFound, _) => $"{what} does not exist on {host}",
            _ => string.Create(CultureInfo.InvariantCulture, $"{host} answers {status} for {what}"),
        });
    }

    private static TimeSpan? RetryAfter(HubResponse response) => response.Message.Headers.RetryAfter?.Delta;
}
