using Tiercel.Engine;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Prompts;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Workers;

namespace Tiercel.Gateway.Endpoints;

/// <summary>What the endpoints of one server share.</summary>
internal sealed class GatewayServices : IAsyncDisposable
{
    public GatewayServices(GatewayOptions options, IInferenceEngine engine, TimeProvider time)
    {
        Options = options;
        Time = time;
        Models = new ModelDirectory(engine, options.Aliases);
        Prompts = new PromptEncoder(engine, time);
        Metrics = new GatewayMetrics(engine);
        Random = new EdgeRandom(options.Seed);
        Keys = new ApiKeyRing(options.ApiKeys);
        Hosts = new HostGuard(options);
        Origins = new OriginPolicy(options.AllowedOrigins);
        Gate = new AdmissionGate(options.MaxConcurrentRequests);
        Bodies = new BodyBudget(options.MaxBufferedBodyBytes);
        Log = new RequestLog(options.RequestLog, time);
        Engine = engine;
        Worker = new WorkerRole(options, engine, Gate, time);
    }

    public GatewayOptions Options { get; }

    public TimeProvider Time { get; }

    public IInferenceEngine Engine { get; }

    public ModelDirectory Models { get; }

    public PromptEncoder Prompts { get; }

    public GatewayMetrics Metrics { get; }

    public EdgeRandom Random { get; }

    public ApiKeyRing Keys { get; }

    public HostGuard Hosts { get; }

    public OriginPolicy Origins { get; }

    public AdmissionGate Gate { get; }

    public BodyBudget Bodies { get; }

    public RequestLog Log { get; }

    public WorkerRole Worker { get; }

    /// <summary>Ends running answers when the grace of a drain is over.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        await Log.DisposeAsync();
        Stopping.Dispose();
    }
}
