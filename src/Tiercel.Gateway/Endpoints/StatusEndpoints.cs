using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tiercel.Engine;
using Tiercel.Engine.Models;
using Tiercel.Gateway.Metering;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary>The paths that only say something about the server.</summary>
internal sealed class StatusEndpoints(GatewayServices services)
{
    /// <summary>Ready means that the step loop advances or is idle, and that new requests are taken.</summary>
    public Task HealthAsync(Exchange exchange)
    {
        EngineStatus status = services.Engine.GetStatus();
        string state = !status.Alive ? "failed" : services.Gate.Closed || status.Draining ? "draining" : "ok";
        exchange.Context.Response.StatusCode = state == "ok" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        exchange.Context.Response.Headers.CacheControl = "no-store";
        return exchange.SendJsonAsync((state, status.Failure), static (output, answer) =>
        {
            using Utf8JsonWriter json = new(output);
            json.WriteStartObject();
            json.WriteString("status"u8, answer.state);
            if (answer.Failure is not null)
            {
                json.WriteString("failure"u8, answer.Failure);
            }

            json.WriteEndObject();
        });
    }

    public Task MetricsAsync(Exchange exchange) => exchange.SendAsync(PrometheusText.ContentType, services, static (output, services) =>
        services.Metrics.Write(output, services.Time.GetUtcNow(), services.Gate.Inside, services.Log.Dropped));

    public static Task VersionAsync(Exchange exchange) => exchange.SendJsonAsync(Product.Version, static (output, version) =>
    {
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("version"u8, version);
        json.WriteEndObject();
    });

    public Task ModelsAsync(Exchange exchange) =>
        exchange.SendJsonAsync(services.Models.All, static (output, models) => ModelsAnswer.WriteList(output, models));

    public Task ModelAsync(Exchange exchange, string name)
    {
        if (!services.Models.TryResolve(name, out IInferenceEngine? engine, out ApiError? error))
        {
            return exchange.RefuseAsync(error);
        }

        return exchange.SendJsonAsync<(string Name, ModelDescription Model)>(
            (name, engine.Model), static (output, answer) => ModelsAnswer.WriteOne(output, answer.Name, answer.Model));
    }

    /// <summary>Says what this is and where to go.</summary>
    public Task RootAsync(Exchange exchange) => exchange.SendJsonAsync(services.Engine.Model.Name, static (output, model) =>
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("name"u8, Product.Name);
        json.WriteString("version"u8, Product.Version);
        json.WriteString("about"u8, "An OpenAI-compatible server of language models. Point the base URL of a client at /v1.");
        json.WriteString("model"u8, model);
        json.WriteStartArray("paths"u8);
        foreach (string path in RequestDispatcher.Paths)
        {
            json.WriteStringValue(path);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
