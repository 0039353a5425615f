using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tiercel.Engine;
using Tiercel.Gateway.Workers;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Endpoints;

/// <summary>One request and what becomes of it, for its answer and for the log.</summary>
internal sealed class Exchange(HttpContext context, string requestId, long started)
{
    public HttpContext Context { get; } = context;

    /// <summary>From the client's <c>x-request-id</c>, or made here.</summary>
    public string RequestId { get; set; } = requestId;

    /// <summary>Time stamp at which the request came in.</summary>
    public long Started { get; } = started;

    /// <summary>The path as one of those that are served, or <c>unknown</c>: what a client wrote there belongs in no log or metric.</summary>
    public string Path { get; set; } = "unknown";

    public string Tenant { get; set; } = "";

    /// <summary>What the fleet's gateway says about the request; null where it comes from anybody else.</summary>
    public PeerHeaders? Peer { get; set; }

    /// <summary>Where the request was when it moved here; null where it begins here.</summary>
    public ResumeBody? Resume { get; set; }

    public string? Model { get; set; }

    public string? AnswerId { get; set; }

    public bool Streams { get; set; }

    /// <summary>Whether an upstream was asked.</summary>
    public bool Forwarded { get; set; }

    public GenerationUsage Usage { get; set; }

    public TimeSpan? FirstToken { get; set; }

    /// <summary>ok, refused, failed or cancelled.</summary>
    public string Outcome { get; set; } = "ok";

    public string? ErrorCode { get; set; }

    /// <summary>Ends when the client goes away.</summary>
    public CancellationToken ClientGone => Context.RequestAborted;

    /// <summary>
    /// Salt of the request's cached prefixes: the tenant, and below it what the request says. No other tenant has it, whatever it calls itself and sends.
    /// </summary>
    public string SaltOf(string own)
    {
        string tenant = Uri.EscapeDataString(Tenant);
        return own.Length > 0 ? $"{tenant}/{own}" : tenant;
    }

    /// <summary>Sends an error in place of an answer. Where the answer has begun nothing honest can be sent, so the connection is cut.</summary>
    public Task RefuseAsync(ApiError error)
    {
        Outcome = error.Status >= 500 && error.Code != "overloaded" && error.Code != "draining" ? "failed" : "refused";
        ErrorCode = error.Code;
        HttpResponse response = Context.Response;
        if (response.HasStarted)
        {
            Context.Abort();
            return Task.CompletedTask;
        }

        response.StatusCode = error.Status;
        response.Headers["x-should-retry"] = error.Retry == RetryClass.Later ? "true" : "false";
        if (error.RetryAfter is TimeSpan delay)
        {
            response.Headers.RetryAfter = ((int)Math.Ceiling(delay.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        return SendJsonAsync(error, static (output, error) => ErrorBody.Write(output, error));
    }

    /// <summary>Sends a whole JSON answer, with its length.</summary>
    public Task SendJsonAsync<T>(T value, Action<IBufferWriter<byte>, T> write) => SendAsync("application/json", value, write);

    public async Task SendAsync<T>(string contentType, T value, Action<IBufferWriter<byte>, T> write)
    {
        ArrayBufferWriter<byte> body = new();
        write(body, value);
        HttpResponse response = Context.Response;
        response.ContentType = contentType;
        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory, ClientGone);
    }
}
