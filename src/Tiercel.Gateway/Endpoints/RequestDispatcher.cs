using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Workers;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Endpoints;

/// <summary>The door: gives a request its id, checks host, origin and key, lets it in, and hands it to the endpoint of its path.</summary>
internal sealed class RequestDispatcher
{
    private const string ModelPrefix = "/v1/models/";
    private const int MaxRequestIdChars = 128;
    private readonly GatewayServices _services;
    private readonly StatusEndpoints _status;
    private readonly InternalEndpoints _internal;
    private readonly ResumeEndpoint _resume;
    private readonly Dictionary<string, IBodyEndpoint> _posts;
    private int _open;

    public RequestDispatcher(GatewayServices services)
    {
        _services = services;
        _status = new StatusEndpoints(services);
        _internal = new InternalEndpoints(services);
        GenerationPath path = new(services);
        _posts = new Dictionary<string, IBodyEndpoint>(StringComparer.Ordinal)
        {
            ["/v1/chat/completions"] = new ChatCompletionsEndpoint(services, path),
            ["/v1/completions"] = new CompletionsEndpoint(services, path),
            ["/v1/embeddings"] = new EmbeddingsEndpoint(services),
            ["/tokenize"] = new TokenizeEndpoint(services),
            ["/detokenize"] = new DetokenizeEndpoint(services),
        };
        _resume = new ResumeEndpoint(_posts);
    }

    /// <summary>What is served, for people.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings", "GET /v1/models", "GET /v1/models/{id}",
        "POST /tokenize", "POST /detokenize", "GET /health", "GET /metrics", "GET /version",
    ];

    /// <summary>Exchanges that are not yet counted and logged. A client can have its whole answer before its exchange is.</summary>
    public int Open => Volatile.Read(ref _open);

    public async Task HandleAsync(HttpContext context)
    {
        Exchange exchange = new(context, _services.Random.NextId("req_"), _services.Time.GetTimestamp());
        Interlocked.Increment(ref _open);
        try
        {
            await RouteAsync(exchange);
        }
        catch (OperationCanceledException) when (exchange.ClientGone.IsCancellationRequested)
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
            // A fault of ours ends this one request. Its text may hold anything, so the client learns only its kind.
            await exchange.RefuseAsync(ApiErrors.Internal($"The server failed ({error.GetType().Name})."));
        }
        finally
        {
            if (exchange.ErrorCode is "overloaded" or "draining")
            {
                _services.Metrics.CountRejection();
            }

            _services.Metrics.CountAnswer(exchange.Path, context.Response.StatusCode);
            _services.Log.Add(exchange);
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

        bool allowedPage = _services.Origins.Apply(context);
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

        if (path.StartsWith(InternalEndpoints.Prefix, StringComparison.Ordinal))
        {
            await RouteInternalAsync(exchange, path);
            return;
        }

        bool isPost = _posts.TryGetValue(path, out IBodyEndpoint? endpoint);
        Func<Exchange, Task>? get = isPost ? null : FindGet(path);
        if (!isPost && get is null)
        {
            await exchange.RefuseAsync(ApiErrors.PathNotFound());
            return;
        }

        exchange.Path = path.StartsWith(ModelPrefix, StringComparison.Ordinal) ? ModelPrefix + "{id}" : path;
        string method = context.Request.Method;
        if (isPost ? !HttpMethods.IsPost(method) : !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method)))
        {
            context.Response.Headers.Allow = isPost ? "POST" : "GET";
            await exchange.RefuseAsync(ApiErrors.MethodNotAllowed(isPost ? "POST" : "GET"));
            return;
        }

        // 2 Identify. What only says something about the server needs no key.
        if ((isPost || path.StartsWith("/v1/", StringComparison.Ordinal)) && Identify(exchange) is ApiError unknown)
        {
            await exchange.RefuseAsync(unknown);
            return;
        }

        await (get is null ? AnswerBodyAsync(exchange, endpoint!, _services.Options.MaxBodyBytes) : get(exchange));
    }

    /// <summary>What only gateways of the fleet may ask.</summary>
    private async Task RouteInternalAsync(Exchange exchange, string path)
    {
        if (exchange.Peer is null || !InternalEndpoints.Paths.Contains(path, StringComparer.Ordinal))
        {
            bool asked = exchange.Peer is null && _services.Worker.Trust.IsConfigured;
            await exchange.RefuseAsync(asked ? ApiErrors.NotOfTheFleet() : ApiErrors.PathNotFound());
            return;
        }

        exchange.Path = path;
        string method = InternalEndpoints.IsPost(path) ? "POST" : "GET";
        if (exchange.Context.Request.Method != method)
        {
            exchange.Context.Response.Headers.Allow = method;
            await exchange.RefuseAsync(ApiErrors.MethodNotAllowed(method));
            return;
        }

        // The body holds a whole request, and the tokens of its answer.
        await (path == InternalEndpoints.ResumePath
            ? AnswerBodyAsync(exchange, _resume, 2 * _services.Options.MaxBodyBytes)
            : _internal.AnswerAsync(exchange, path));
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

        return _services.Hosts.Allows(context.Request.Host) ? Recognise(exchange) : ApiErrors.HostRefused();
    }

    /// <summary>Believes what a gateway of the fleet says of its request, and tells it who answers. Nobody else is asked, and nobody else is told.</summary>
    private ApiError? Recognise(Exchange exchange)
    {
        HttpContext context = exchange.Context;
        if (!_services.Worker.Trust.Trusts(context))
        {
            return null;
        }

        if (!PeerHeaders.TryRead(context.Request.Headers, out PeerHeaders? peer, out ApiError? error))
        {
            return error;
        }

        exchange.Peer = peer;
        exchange.Tenant = peer.Tenant;
        context.Response.Headers["x-tiercel-worker"] = _services.Worker.Generation;
        context.Response.Headers["x-tiercel-numerics"] = _services.Engine.Model.NumericsId;
        return null;
    }

    private ApiError? Identify(Exchange exchange)
    {
        if (exchange.Peer is not null)
        {
            return null;
        }

        // A worker that was given no keys works for its fleet alone.
        bool forFleetOnly = _services.Worker.Trust.IsConfigured && _services.Options is { ApiKeys.Count: 0, NoAuth: false };
        ApiError? error = forFleetOnly ? ApiErrors.NotOfTheFleet() : null;
        string tenant = "";
        error ??= _services.Keys.Identify(exchange.Context.Request, out tenant);
        exchange.Tenant = tenant;
        return error;
    }

    private Func<Exchange, Task>? FindGet(string path) => path switch
    {
        "/" => _status.RootAsync,
        "/health" => _status.HealthAsync,
        "/metrics" => _status.MetricsAsync,
        "/version" => StatusEndpoints.VersionAsync,
        "/v1/models" => _status.ModelsAsync,
        _ when path.StartsWith(ModelPrefix, StringComparison.Ordinal) && path.Length > ModelPrefix.Length =>
            exchange => _status.ModelAsync(exchange, Uri.UnescapeDataString(path[ModelPrefix.Length..])),
        _ => null,
    };

    private async Task AnswerBodyAsync(Exchange exchange, IBodyEndpoint endpoint, long maxBytes)
    {
        // 4 Admit. The engine's own bounded queue has the last word.
        if (_services.Gate.TryEnter() is ApiError full)
        {
            await exchange.RefuseAsync(full);
            return;
        }

        try
        {
            // 1 Read.
            (RequestBody? body, ApiError? error) = await RequestBody.ReadAsync(
                exchange.Context.Request, _services.Bodies, maxBytes, exchange.ClientGone);
            using (body)
            {
                await (body is null ? exchange.RefuseAsync(error!) : endpoint.HandleAsync(exchange, body));
            }
        }
        finally
        {
            _services.Gate.Leave();
        }
    }
}
