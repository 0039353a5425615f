using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>The way of a request through the gateway, in the nine steps of the design. Bodies are bytes from the first step to the last.</summary>
internal sealed class RequestPath(FleetServices services)
{
    /// <summary>Answered with where the request went and why, when the client sends it.</summary>
    public const string ExplainHeader = "x-tiercel-explain";

    /// <summary>The route of models that have none of their own.</summary>
    public const string AnyModel = "*";

    /// <summary>What an answer is taken to be long when the client does not limit it, for limits and reservations. The end of the request corrects it.</summary>
    private const int UnlimitedOutputTokens = 4096;

    /// <summary>What a request is taken to keep an engine busy at most, where engine time has a price. Corrected at its end as well.</summary>
    private static readonly TimeSpan LongEngineTime = TimeSpan.FromMinutes(1);

    public async Task HandleAsync(Exchange exchange, Caller caller, BodyKind kind)
    {
        // 1 Read. The head was read before; the body follows now that (2) it is known who asks, so that strangers take no memory.
        (RequestBody? body, ApiError? error) = await RequestBody.ReadAsync(
            exchange.Context.Request, services.Bodies, services.Configuration.Limits.MaxBodyBytes, exchange.ClientGone);
        using (body)
        {
            if (body?.Memory.Length > SocketTurns.MaxScannedBytes)
            {
                await services.Turns.LeaveAsync();
            }

            if (body is null || !BodyScanner.TryScan(body.Bytes, kind, out ScannedBody? scanned, out error))
            {
                await exchange.RefuseAsync(error!);
                return;
            }

            exchange.Streams = scanned.Stream;

            // 3 Resolve.
            if (!TryResolve(exchange, caller, kind, body, scanned, out FleetRequest? request, out error))
            {
                await exchange.RefuseAsync(error!);
                End(request, default);
                return;
            }

            // 4 Admit: what the tenant may; what the fleet can is asked with the route.
            LimitDecision limits = Admit(request, out AdmittedRequest? admitted);
            limits.WriteHeaders(exchange.Context.Response.Headers);
            if (admitted is null)
            {
                request.Telemetry?.Refused(OutcomeWords.Of(limits.Hit));
                await exchange.RefuseAsync(limits.Error!);
                End(request, default);
                return;
            }

            try
            {
                request.Telemetry?.Prompt(kind, Slice(body.Bytes, scanned.Prompt));
                await AnswerAsync(request);
            }
            finally
            {
                // 9 Settle, exactly once, whatever happened.
                Settle(request, admitted);
            }
        }
    }

    private bool TryResolve(
        Exchange exchange, Caller caller, BodyKind kind, RequestBody body, ScannedBody scanned, out FleetRequest request, out ApiError? error)
    {
        request = null!;
        FleetConfiguration configuration = services.Configuration;
        string? model = scanned.Model ?? (configuration.Routes.Count == 1 && !configuration.Routes.ContainsKey(AnyModel) ? configuration.Routes.Keys.Single() : null);
        if (string.IsNullOrEmpty(model))
        {
            error = ApiErrors.MissingParameter("model");
            return false;
        }

        // What clients call a model goes into ledger, log and engine: where one route takes all names it must still be one.
        string routeName = configuration.Routes.ContainsKey(model) || !Configuration.Shapes.Texts.IsModelName(model) ? model : AnyModel;
        bool allowed = caller.Tenant.Models is null || caller.Tenant.Models.Contains(routeName);
        if (!allowed || model == AnyModel || !configuration.Routes.TryGetValue(routeName, out RouteSettings? route))
        {
            error = allowed ? ApiErrors.ModelNotFound(Shown(model)) : ApiErrors.ModelNotAllowed(Shown(model));
            return false;
        }

        error = ServiceClassChoice.Choose(
            configuration.Classes, caller.Tenant, route, exchange.Context.Request.Headers[ServiceClassChoice.Header], out ServiceClass? serviceClass);
        if (error is not null)
        {
            return false;
        }

        exchange.Model = model;
        string prefix = kind == BodyKind.Chat ? "chatcmpl-" : kind == BodyKind.Completion ? "cmpl-" : "embd-";
        exchange.AnswerId = services.Random.NextId(prefix);
        ReadOnlySpan<byte> bytes = body.Bytes;
        request = new FleetRequest(exchange, services.NextNumber(), kind, exchange.Path, services.Clock.Now)
        {
            Caller = caller,
            Body = body.Memory,
            Scanned = scanned,
            Model = model,
            PoolName = route.Pool,
            Class = serviceClass,
            Fingerprint = PromptFingerprint.Of(services.FingerprintKey, exchange.Tenant, model, Slice(bytes, scanned.Tools), Slice(bytes, scanned.Prompt)),
            AnswerId = exchange.AnswerId,
            CreatedUnixSeconds = services.Clock.Utc.ToUnixTimeSeconds(),
            Seed = services.Random.Next(),
            Telemetry = Begin(exchange, kind),
        };

        // The name of the route, not the client's word: where one route takes all models, clients could say any.
        request.Telemetry.Identified(caller.Tenant.Name, request.Arrived);
        request.Telemetry.Resolved(routeName, route.Pool, serviceClass?.Name, scanned.Stream);
        if (services.State.Pools.TryGetValue(route.Pool, out Pool? pool) && !pool.Members.Any(member => member.Settings.Capabilities.HasFlag(Pool.Needed(kind))))
        {
            error = ApiErrors.NotServedByPool(exchange.Path, Shown(model));
        }

        return error is null;
    }

    private LimitDecision Admit(FleetRequest request, out AdmittedRequest? admitted)
    {
        lock (services.Gate)
        {
            Pool? pool = services.State.Pools.GetValueOrDefault(request.PoolName);
            long prompt = pool?.Prompts.Estimate(request.Scanned.Prompt.Length + request.Scanned.Tools.Length) ?? request.Scanned.Prompt.Length;
            long output = request.Kind == BodyKind.Embeddings ? 0 : (long)(request.Scanned.MaxTokens ?? UnlimitedOutputTokens) * request.Choices;
            request.EstimatedTokens = prompt + output;
            Metering.Money worst = pool?.Dearest.Of(prompt, output, LongEngineTime) ?? default;
            return services.Accounts[request.Caller.Tenant.Name].TryAdmit(new AdmissionQuery(prompt + output, worst), services.Clock.Now, services.Clock.Utc, out admitted);
        }
    }

    private async Task AnswerAsync(FleetRequest request)
    {
        try
        {
            await (request.Scanned.Stream ? new StreamedAnswer(services, request).RunAsync() : new WholeAnswer(services, request).RunAsync());
        }
        catch (OperationCanceledException error) when (error is ClientGoneException || request.Exchange.ClientGone.IsCancellationRequested)
        {
            request.Exchange.Outcome = "cancelled";
        }
        catch (IOException)
        {
            request.Exchange.Outcome = "cancelled";
            throw;
        }
        catch
        {
            // It is settled before it is told: a fault of ours is no answer.
            request.Exchange.Outcome = "failed";
            throw;
        }
    }

    private void Settle(FleetRequest request, AdmittedRequest admitted)
    {
        Exchange exchange = request.Exchange;
        TimeSpan now = services.Clock.Now;
        bool estimated = request.UsageIsEstimated || (request.Usage is null && request.Attempts.Count > 0 && request.FirstToken is not null);
        TokenUsage usage = request.Usage ?? Estimate(request);
        Metering.Money cost = request.Attempts.Count == 0 || (request.Usage is null && request.FirstToken is null)
            ? default
            : Metering.Money.Cost(request.Price, usage.Prompt, usage.Cached, usage.Completion, request.EngineTime);
        exchange.Usage = new Engine.GenerationUsage(usage.Prompt, usage.Cached, usage.Completion);
        exchange.FirstToken = request.FirstToken;
        if (admitted.End(usage.Prompt + usage.Completion, cost, now))
        {
            services.Ledger.Add(new Metering.Ledger.UsageRecord
            {
                Request = request.Number,
                Id = exchange.RequestId,
                Admitted = services.Clock.Utc - (now - request.Arrived),
                Tenant = request.Caller.Tenant.Name,
                Key = request.Caller.Key,
                Model = request.Model,
                Pool = request.PoolName,
                Upstream = request.Upstream,
                Class = request.Class?.Name ?? "",
                Outcome = exchange.Outcome == "ok" ? "ok" : exchange.ErrorCode ?? exchange.Outcome,
                PromptTokens = usage.Prompt,
                CachedTokens = usage.Cached,
                CompletionTokens = usage.Completion,
                Cost = cost,
                Engine = request.EngineTime,
                TimeToFirstToken = request.FirstToken,
                Duration = now - request.Arrived,
                Estimated = estimated,
            });
        }

        services.Archive.Add(new ArchivedRequest(
            exchange.RequestId,
            services.Clock.Utc,
            request.Caller.Tenant.Name,
            request.Model,
            request.PoolName,
            exchange.Outcome,
            request.FirstToken,
            now - request.Arrived,
            request.Attempts));
        End(request, usage);
    }

    private RequestTelemetry Begin(Exchange exchange, BodyKind kind)
    {
        IHeaderDictionary headers = exchange.Context.Request.Headers;
        string operation = kind switch { BodyKind.Chat => "chat", BodyKind.Completion => "text_completion", _ => "embeddings" };
        return services.Telemetry.Begin(operation, headers.TraceParent, headers.TraceState, services.Clock.Now);
    }

    private void End(FleetRequest? request, TokenUsage usage)
    {
        if (request is { Telemetry: RequestTelemetry telemetry, Exchange: Exchange exchange })
        {
            RequestOutcome outcome = exchange.Outcome switch
            {
                "ok" => RequestOutcome.Ok,
                "refused" => RequestOutcome.Refused,
                "cancelled" => RequestOutcome.Cancelled,
                _ => RequestOutcome.Error,
            };
            telemetry.Ended(outcome, exchange.Context.Response.StatusCode, exchange.ErrorCode, usage, services.Clock.Now);
        }
    }

    /// <summary>What was used when no upstream said so: the tokens that came, and the prompt as the router estimated it. Nothing came: nothing is billed.</summary>
    private static TokenUsage Estimate(FleetRequest request)
    {
        int completion = Math.Max(request.StreamedTokens, request.StreamedEvents);
        return request.FirstToken is null ? default : new TokenUsage(request.Decision?.PromptTokens ?? 0, 0, completion);
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, ByteRange range) => bytes.Slice(range.Start, range.Length);

    /// <summary>What a client sent goes back into an error only as far as it can be read.</summary>
    private static string Shown(string model) => new([.. model.Take(128).Where(c => c is >= ' ' and not '\u007f')]);
}
