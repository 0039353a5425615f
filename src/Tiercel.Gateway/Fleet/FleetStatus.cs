using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Metering.Ledger;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Telemetry;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>The paths that say something about the fleet.</summary>
internal sealed class FleetStatus(FleetServices services)
{
    /// <summary>Ready means that some pool has a usable replica and that new requests are taken. What is degraded is said, and is no reason to stop sending.</summary>
    public Task HealthAsync(Exchange exchange)
    {
        List<(string Pool, int Usable, int Replicas)> pools = [];
        lock (services.Gate)
        {
            List<ReplicaHealth> health = [];
            foreach (Pool pool in services.State.Pools.Values)
            {
                health.Clear();
                services.State.Health.Availability(pool.Name, services.Clock.Now, health);
                pools.Add((pool.Name, health.Count(one => one.IsUsable), pool.Members.Count));
            }
        }

        LedgerState ledger = services.Ledger.State;
        string state = services.Door.Closed ? "draining" : pools.Any(pool => pool.Usable > 0) ? "ok" : "failed";
        exchange.Context.Response.StatusCode = state == "ok" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        exchange.Context.Response.Headers.CacheControl = "no-store";
        ConfigurationInvalidException? rejected = services.Options.Configuration.LastError;
        return exchange.SendJsonAsync((state, pools, ledger, rejected, services.Configuration.Version), static (output, answer) =>
        {
            using Utf8JsonWriter json = new(output);
            json.WriteStartObject();
            json.WriteString("status"u8, answer.state);
            json.WriteString("config_version"u8, answer.Version);
            if (answer.rejected is not null)
            {
                json.WriteNumber("config_errors"u8, answer.rejected.Errors.Count);
            }

            json.WriteStartObject("pools"u8);
            foreach ((string pool, int usable, int replicas) in answer.pools)
            {
                json.WriteStartObject(pool);
                json.WriteNumber("usable"u8, usable);
                json.WriteNumber("replicas"u8, replicas);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartObject("ledger"u8);
            json.WriteString("state"u8, answer.ledger.Health.ToString().ToLowerInvariant());
            json.WriteString("reason"u8, answer.ledger.Reason);
            json.WriteNumber("buffered"u8, answer.ledger.Buffered);
            json.WriteNumber("summed"u8, answer.ledger.Summed);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    public async Task MetricsAsync(Exchange exchange)
    {
        await services.Turns.LeaveAsync();
        await exchange.SendAsync(Metering.PrometheusText.ContentType, services, static (output, services) => services.Telemetry.WritePrometheus(output));
    }

    /// <summary>The models that the caller may use.</summary>
    public Task ModelsAsync(Exchange exchange) => exchange.SendJsonAsync(Models(exchange), static (output, models) =>
    {
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach (string model in models)
        {
            WriteModel(json, model);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    public Task ModelAsync(Exchange exchange, string name) => !Models(exchange).Contains(name)
        ? exchange.RefuseAsync(ApiErrors.ModelNotFound(name.Length > 128 ? name[..128] : name))
        : exchange.SendJsonAsync(name, static (output, name) =>
        {
            using Utf8JsonWriter json = new(output);
            WriteModel(json, name);
        });

    public async Task FleetAsync(Exchange exchange)
    {
        await services.Turns.LeaveAsync();
        await exchange.SendJsonAsync(SnapshotTaker.Take(services), static (output, fleet) =>
        {
            using Utf8JsonWriter json = new(output);
            JsonSerializer.Serialize(json, fleet, FleetSnapshotJson.Default.FleetSnapshot);
        });
    }

    /// <summary>Why a recent request went where it went.</summary>
    public Task RequestAsync(Exchange exchange, string id) => services.Archive.Find(id) is not ArchivedRequest request
        ? exchange.RefuseAsync(ApiErrors.RequestNotKept())
        : exchange.SendJsonAsync((request, Names()), static (output, answer) => Write(output, answer.request, answer.Item2));

    /// <summary>Drains a replica (POST) or ends its drain (DELETE): new requests go elsewhere, and streams that can are moved.</summary>
    public Task DrainAsync(Exchange exchange, string name)
    {
        bool draining = HttpMethods.IsPost(exchange.Context.Request.Method);
        int running;
        lock (services.Gate)
        {
            Replica? replica = services.State.Replicas.Values.FirstOrDefault(one => one.Name == name);
            if (replica is null)
            {
                return exchange.RefuseAsync(ApiErrors.UpstreamNotFound());
            }

            services.State.Health.Drain(replica.Id, draining, services.Clock.Now);
            running = replica.Running.Count;
        }

        return exchange.SendJsonAsync((name, draining, running), static (output, answer) =>
        {
            using Utf8JsonWriter json = new(output);
            json.WriteStartObject();
            json.WriteString("replica"u8, answer.name);
            json.WriteBoolean("draining"u8, answer.draining);
            json.WriteNumber("running"u8, answer.running);
            json.WriteEndObject();
        });
    }

    /// <summary>Says what this is and where to go. Which models there are is told at their own path, to those who may use them.</summary>
    public Task RootAsync(Exchange exchange) => exchange.SendJsonAsync(0, static (output, _) =>
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("name"u8, Product.Name);
        json.WriteString("version"u8, Product.Version);
        json.WriteString("about"u8, "One OpenAI-compatible endpoint in front of many engines. Point the base URL of a client at /v1.");
        json.WriteStartArray("paths"u8);
        foreach (string path in FleetDispatcher.Paths)
        {
            json.WriteStringValue(path);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteModel(Utf8JsonWriter json, string model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, model);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, 0);
        json.WriteString("owned_by"u8, "tiercel"u8);
        json.WriteEndObject();
    }

    private static void Write(IBufferWriter<byte> output, ArchivedRequest request, Dictionary<int, string> names)
    {
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("request_id"u8, request.RequestId);
        json.WriteString("at"u8, request.At);
        json.WriteString("tenant"u8, request.Tenant);
        json.WriteString("model"u8, request.Model);
        json.WriteString("pool"u8, request.Pool);
        json.WriteString("outcome"u8, request.Outcome);
        if (request.FirstToken is TimeSpan first)
        {
            json.WriteNumber("ttft_seconds"u8, Math.Round(first.TotalSeconds, 6));
        }

        json.WriteNumber("duration_seconds"u8, Math.Round(request.Duration.TotalSeconds, 6));
        json.WriteStartArray("attempts"u8);
        foreach (AttemptRecord attempt in request.Attempts)
        {
            Write(json, attempt, names);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AttemptRecord attempt, Dictionary<int, string> names)
    {
        json.WriteStartObject();
        json.WriteString("upstream"u8, attempt.Upstream);
        json.WriteString("kind"u8, attempt.Kind);
        json.WriteNumber("at_seconds"u8, Math.Round(attempt.At.TotalSeconds, 6));
        json.WriteString("outcome"u8, attempt.Outcome);
        if (attempt.Tokens is long tokens)
        {
            json.WriteNumber("tokens"u8, tokens);
        }

        if (attempt.Decision is RouteDecision decision)
        {
            json.WriteString("reason"u8, decision.Reason);
            json.WriteNumber("predicted_ttft_seconds"u8, Math.Round(decision.PredictedTtft.TotalSeconds, 6));
            json.WriteNumber("prompt_tokens"u8, decision.PromptTokens);
            json.WriteNumber("uncached_tokens"u8, decision.PredictedUncachedTokens);
            json.WriteStartArray("candidates"u8);
            foreach (RouteCandidate candidate in decision.Candidates)
            {
                json.WriteStartObject();
                json.WriteString("upstream"u8, names.GetValueOrDefault(candidate.Replica, "gone"));
                json.WriteNumber("cached_tokens"u8, candidate.CachedTokens);
                json.WriteNumber("queue_seconds"u8, Math.Round(candidate.QueueSeconds, 6));
                json.WriteNumber("prefill_seconds"u8, Math.Round(candidate.PrefillSeconds, 6));
                json.WriteNumber("slowdown_seconds"u8, Math.Round(candidate.SlowdownSeconds, 6));
                json.WriteNumber("eviction_seconds"u8, Math.Round(candidate.EvictionSeconds, 6));
                json.WriteNumber("predicted_ttft_seconds"u8, Math.Round(candidate.TtftSeconds, 6));
                json.WriteNumber("weight"u8, candidate.Weight);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private Dictionary<int, string> Names()
    {
        lock (services.Gate)
        {
            return services.State.Replicas.Values.ToDictionary(replica => replica.Id, replica => replica.Name);
        }
    }

    private string[] Models(Exchange exchange)
    {
        FleetConfiguration configuration = services.Configuration;
        IReadOnlyList<string>? allowed = configuration.Tenants.GetValueOrDefault(exchange.Tenant)?.Models;
        return [.. configuration.Routes.Keys.Where(name => name != RequestPath.AnyModel && (allowed is null || allowed.Contains(name))).Order(StringComparer.Ordinal)];
    }
}
