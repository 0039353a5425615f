using System.Globalization;
using System.Text;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>What is sent upstream for each kind of attempt. The client's own bytes, with splices around them; none of the client's headers.</summary>
internal static class UpstreamRequests
{
    private const string ResumePath = "/internal/resume";

    /// <summary>The request as it came.</summary>
    public static UpstreamRequest First(Attempt attempt) => new()
    {
        Path = attempt.Request.Path,
        Headers = Headers(attempt),
        Body = BodySplices.Apply(attempt.Request.Body, attempt.Request.Scanned, attempt.Replica.Settings.Model, forceUsage: attempt.Request.Scanned.Stream),
    };

    /// <summary>The rest of a stream, from the exact token on.</summary>
    public static UpstreamRequest Resume(Attempt attempt, StreamJournal journal)
    {
        FleetRequest request = attempt.Request;
        StringBuilder head = new();
        head.Append("{\"path\":\"").Append(request.Path).Append("\",\"choices\":[");
        for (int choice = 0; choice < journal.Choices; choice++)
        {
            head.Append(choice > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{{\"index\":{choice},\"tokens\":[");
            head.AppendJoin(',', journal.Tokens(choice).ToArray());
            head.Append("],\"finished\":").Append(journal.IsFinished(choice) ? "true" : "false")
                .Append(",\"begun\":").Append(journal.HasBegun(choice) ? "true" : "false").Append('}');
        }

        head.Append("],\"body\":");
        return new UpstreamRequest
        {
            Path = ResumePath,
            Headers = Headers(attempt),
            Body =
            [
                Encoding.ASCII.GetBytes(head.ToString()),
                .. BodySplices.Apply(request.Body, request.Scanned, attempt.Replica.Settings.Model, forceUsage: true),
                "}"u8.ToArray(),
            ],
        };
    }

    /// <summary>A foreign engine continues the message that another began.</summary>
    /// <param name="text">What the client has of it, escaped for JSON.</param>
    /// <param name="maxTokens">Tokens that are left.</param>
    public static UpstreamRequest Continue(Attempt attempt, ReadOnlyMemory<byte> text, int? maxTokens)
    {
        FleetRequest request = attempt.Request;
        ReadOnlyMemory<byte> body = MessageContinuation.Apply(request.Body, text, maxTokens);
        return new UpstreamRequest { Path = request.Path, Headers = Headers(attempt), Body = ModelOnly(body, request, attempt.Replica) };
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> ModelOnly(ReadOnlyMemory<byte> body, FleetRequest request, Replica replica) =>
        BodyScanner.TryScan(body.Span, request.Kind, out ScannedBody? scanned, out _)
            ? BodySplices.Apply(body, scanned, replica.Settings.Model, forceUsage: true)
            : [body];

    private static List<UpstreamHeader> Headers(Attempt attempt)
    {
        FleetRequest request = attempt.Request;
        List<UpstreamHeader> headers = new(8) { new UpstreamHeader("x-request-id", request.Exchange.RequestId) };
        if (request.Telemetry?.TraceParent is string trace)
        {
            headers.Add(new UpstreamHeader("traceparent", trace));
            if (request.Telemetry.TraceState is { Length: > 0 } state)
            {
                headers.Add(new UpstreamHeader("tracestate", state));
            }
        }

        if (attempt.Replica.IsTiercel)
        {
            headers.Add(new UpstreamHeader("x-tiercel-id", request.AnswerId));
            headers.Add(new UpstreamHeader("x-tiercel-created", request.CreatedUnixSeconds.ToString(CultureInfo.InvariantCulture)));
            headers.Add(new UpstreamHeader("x-tiercel-seed", request.Seed.ToString(CultureInfo.InvariantCulture)));
            headers.Add(new UpstreamHeader("x-tiercel-tenant", request.Caller.Tenant.Name));
            headers.Add(new UpstreamHeader("x-tiercel-priority", (request.Class?.Priority ?? 0).ToString(CultureInfo.InvariantCulture)));
            headers.Add(new UpstreamHeader("x-tiercel-request", attempt.Number.ToString(CultureInfo.InvariantCulture)));
            if (request.Scanned.Stream)
            {
                headers.Add(new UpstreamHeader("x-tiercel-tokens", "1"));
            }
        }

        return headers;
    }
}
