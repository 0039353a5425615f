using System.Buffers;
using System.IO.Pipelines;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Routing;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>Asks replicas how they are, beside the requests of clients.</summary>
internal sealed class ReplicaProbe(FleetServices services)
{
    private const int MaxAnswerBytes = 4 << 20;
    private static readonly ReadOnlyMemory<byte> OneToken = """{"prompt":"a","max_tokens":1,"stream":false}"""u8.ToArray();

    /// <summary>Makes a probe that health ordered, and tells it how that ended. Never throws.</summary>
    public async Task RunAsync(Replica replica, ProbeKind kind)
    {
        ProbeResult result = await AskAsync(replica, kind);
        lock (services.Gate)
        {
            if (!replica.Removed)
            {
                services.State.Health.Probed(replica.Id, kind, result, services.Clock.Now);
            }
        }
    }

    /// <summary>Reads the gauges of a foreign engine. One that has none is no worse for it.</summary>
    public async Task ReadMetricsAsync(Replica replica)
    {
        try
        {
            using CancellationTokenSource limit = new(services.Configuration.Health.ProbeTimeout, services.Clock.Time);
            await using UpstreamAnswer answer = await replica.Upstream.SendAsync(new UpstreamRequest { Method = "GET", Path = "/metrics" }, limit.Token);
            ReplicaStatus? status = answer.Status == 200 ? ForeignMetrics.Read(await ReadAsync(answer, limit.Token)) : null;
            lock (services.Gate)
            {
                if (status is not null && !replica.Removed && services.State.Pools.TryGetValue(replica.Pool, out Pool? pool))
                {
                    pool.Router.Report(replica.Id, status, services.Clock.Now);
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Gauges are a help, not a need; whether the replica is there is the probe's business.
        }
    }

    private async Task<ProbeResult> AskAsync(Replica replica, ProbeKind kind)
    {
        UpstreamRequest request = kind == ProbeKind.Generate
            ? new UpstreamRequest { Path = "/v1/completions", Body = [OneToken], Headers = [new UpstreamHeader("x-tiercel-priority", "-1")] }
            : new UpstreamRequest { Method = "GET", Path = "/health" };
        try
        {
            using CancellationTokenSource limit = new(services.Configuration.Health.ProbeTimeout, services.Clock.Time);
            await using UpstreamAnswer answer = await replica.Upstream.SendAsync(request, limit.Token);
            await ReadAsync(answer, limit.Token);

            // Any answer but a failure says that somebody is there: not every engine has the path, and a full one says 429.
            return answer.Status < 500 ? ProbeResult.Passed : ProbeResult.Failed;
        }
        catch (UpstreamException error)
        {
            return error.Failure.Kind == UpstreamFailureKind.ConnectRefused ? ProbeResult.Refused : ProbeResult.Failed;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            return ProbeResult.Failed;
        }
    }

    private static async Task<ReadOnlySequence<byte>> ReadAsync(UpstreamAnswer answer, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult read = await answer.Body.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                return read.Buffer;
            }

            if (read.Buffer.Length > MaxAnswerBytes)
            {
                throw new IOException("the answer to a probe is too large");
            }

            answer.Body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
