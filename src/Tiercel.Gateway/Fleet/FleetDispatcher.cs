using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>The gateway's door: gives a request its id, checks host, origin and key, and hands it to the request path or to what answers its path.</summary>
internal sealed class FleetDispatcher(FleetServices services)
{
    private const string ModelPrefix = "/v1/models/";
    private const string RequestPrefix = "/internal/requests/";
    private const string DrainPrefix = "/internal/drain/";
    private const int MaxRequestIdChars = 128;

    private readonly RequestPath _path = new(services);
    private readonly FleetStatus _status = new(services);
    private int _open;

    /// <summary>What is served, for people; the last ones only to who shows the cluster's secret.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings", "GET /v1/models", "GET /v1/models/{id}", "GET /health", "GET /metrics", "GET /version",
        "GET /internal/fleet", "GET /internal/requests/{id}", "POST /internal/drain/{name}", "DELETE /internal/drain/{name}",
    ];

    /// <summary>Exchanges that are not yet counted and logged.</summary>
    public int Open => Volatile.Read(ref _open);

    public async Task HandleAsync(HttpContext context)
    {
        Exchange exchange = new(context, services.Random.NextId("req_"), services.Clock.Time.GetTimestamp());
        await DispatchAsync(exchange);
        if (!exchange.Forwarded)
        {
            await services.Turns.AnsweredAsync(context);
        }
    }

    private async Task DispatchAsync(Exchange exchange)
    {
        HttpContext context = exchange.Context;
        Interlocked.Increment(ref _open);
        try
        {
            await RouteAsync(exchange);
        }
        catch (OperationCanceledException error) when (error is ClientGoneException || exchange.ClientGone.IsCancellationRequested)
        {
            exchange.Outcome = "cancelled";
        }
        catch (Exception error) when (error is IOException or BadHttpRequestException)
        {
            // The connection broke; there is nobody to tell.
            exchange.Outcome = "cancelled";
            context.Abort();
        }
        catch (Exception error)
        {
            // A fault of ours ends this one request. Its text may hold anything, so the client learns only its kind, and the log only where it was.
            services.Faulted?.Invoke(error);
            await exchange.RefuseAsync(ApiErrors.Internal($"The gateway failed ({error.GetType().Name})."));
        }
        finally
        {
            services.Telemetry.Answered(exchange.Path, context.Response.StatusCode);
            services.Log.Add(exchange);
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task RouteAsync(Exchange exchange)
    {
        HttpContext context = exchange.Context;
        string path = context.Request.Path.Value ?? "";
        if (Prepare(exchange) is ApiError error)
        {
            await exchange.RefuseAsync(error);
            return;
        }

        bool allowedPage = services.Origins.Apply(context);
        if (HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0)
        {
            if (!allowedPage)
            {
                await exchange.RefuseAsync(ApiErrors.OriginRefused());
                return;
            }

            OriginPolicy.AnswerPreflight(context);
            return;
        }

        if (KindOf(path) is BodyKind kind)
        {
            exchange.Path = path;
            await ForwardAsync(exchange, kind);
            return;
        }

        await AnswerAsync(exchange, path);
    }

    private static BodyKind? KindOf(string path) => path switch
    {
        "/v1/chat/completions" => BodyKind.Chat,
        "/v1/completions" => BodyKind.Completion,
        "/v1/embeddings" => BodyKind.Embeddings,
        _ => null,
    };

    private async Task ForwardAsync(Exchange exchange, BodyKind kind)
    {
        if (!HttpMethods.IsPost(exchange.Context.Request.Method))
        {
            exchange.Context.Response.Headers.Allow = "POST";
            await exchange.RefuseAsync(ApiErrors.MethodNotAllowed("POST"));
            return;
        }

        // 2 Identify.
        if (services.Tenants.Identify(exchange.Context.Request.Headers, out Caller caller) is ApiError unknown)
        {
            await exchange.RefuseAsync(unknown);
            return;
        }

        exchange.Tenant = caller.Tenant.Name;
        if (services.Door.TryEnter() is ApiError full)
        {
            await exchange.RefuseAsync(full);
            return;
        }

        try
        {
            await _path.HandleAsync(exchange, caller, kind);
        }
        finally
        {
            services.Door.Leave();
        }
    }

    private async Task AnswerAsync(Exchange exchange, string path)
    {
        HttpContext context = exchange.Context;
        bool posts = path.StartsWith(DrainPrefix, StringComparison.Ordinal);
        Func<Exchange, Task>? answer = path switch
        {
            "/" => _status.RootAsync,
            "/health" => _status.HealthAsync,
            "/metrics" => _status.MetricsAsync,
            "/version" => StatusEndpoints.VersionAsync,
            "/v1/models" => _status.ModelsAsync,
            "/internal/fleet" => _status.FleetAsync,
            _ when path.StartsWith(ModelPrefix, StringComparison.Ordinal) => exchange => _status.ModelAsync(exchange, Uri.UnescapeDataString(path[ModelPrefix.Length..])),
            _ when path.StartsWith(RequestPrefix, StringComparison.Ordinal) => exchange => _status.RequestAsync(exchange, Uri.UnescapeDataString(path[RequestPrefix.Length..])),
            _ when posts => exchange => _status.DrainAsync(exchange, Uri.UnescapeDataString(path[DrainPrefix.Length..])),
            _ => null,
        };
        if (answer is null)
        {
            await exchange.RefuseAsync(ApiErrors.PathNotFound());
            return;
        }

        exchange.Path = path.StartsWith(ModelPrefix, StringComparison.Ordinal) ? ModelPrefix + "{id}"
            : path.StartsWith(RequestPrefix, StringComparison.Ordinal) ? RequestPrefix + "{id}"
            : posts ? DrainPrefix + "{name}" : path;
        bool allowed = posts ? HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsDelete(context.Request.Method)
            : HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        if (!allowed)
        {
            context.Response.Headers.Allow = posts ? "POST, DELETE" : "GET";
            await exchange.RefuseAsync(ApiErrors.MethodNotAllowed(posts ? "POST, DELETE" : "GET"));
            return;
        }

        if (await TrustAsync(exchange, path))
        {
            await answer(exchange);
        }
    }

    /// <summary>
    /// What is internal answers the cluster only, as if it were not there; metrics whoever shows their key, where they have one; models are told to those who may use them.
    /// </summary>
    private async Task<bool> TrustAsync(Exchange exchange, string path)
    {
        HttpContext context = exchange.Context;
        if (path.StartsWith("/internal/", StringComparison.Ordinal) && !ClusterTrust.IsTrusted(context.Request, services.Configuration.Cluster.Secret))
        {
            await exchange.RefuseAsync(ApiErrors.PathNotFound());
            return false;
        }

        if (path == "/metrics" && services.Configuration.Telemetry.MetricsKey is Secret key && !ClusterTrust.IsTrusted(context.Request, key))
        {
            await exchange.RefuseAsync(ApiErrors.InvalidMetricsKey());
            return false;
        }

        if (path.StartsWith("/v1/", StringComparison.Ordinal))
        {
            if (services.Tenants.Identify(context.Request.Headers, out Caller caller) is ApiError unknown)
            {
                await exchange.RefuseAsync(unknown);
                return false;
            }

            exchange.Tenant = caller.Tenant.Name;
        }

        return true;
    }

    /// <summary>Checks what can be checked before the path is looked at; null where the request may go on.</summary>
    private ApiError? Prepare(Exchange exchange)
    {
        HttpContext context = exchange.Context;
        IHeaderDictionary headers = context.Response.Headers;
        string given = context.Request.Headers["x-request-id"].ToString();
        bool usable = given.Length <= MaxRequestIdChars && given.All(c => c is > ' ' and <= '~');
        exchange.RequestId = given.Length > 0 && usable ? given : exchange.RequestId;
        headers["x-request-id"] = exchange.RequestId;
        headers.XContentTypeOptions = "nosniff";
        if (!usable)
        {
            return ApiErrors.InvalidHeader("x-request-id", $"'x-request-id' must be 1 to {MaxRequestIdChars} printable ASCII characters.");
        }

        return services.Hosts.Allows(context.Request.Host) ? null : ApiErrors.HostRefused();
    }
}
