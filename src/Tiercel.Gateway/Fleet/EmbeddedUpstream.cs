using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Endpoints;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The engine of this process as an upstream: the very endpoints that a worker has, called with an HTTP exchange that lives in memory. What is above
/// cannot tell it from a worker.
/// </summary>
internal sealed class EmbeddedUpstream(int replica, UpstreamSettings settings, RequestDispatcher endpoints, string secret) : IUpstream
{
    public int Replica { get; } = replica;

    public UpstreamSettings Settings { get; } = settings;

    public async ValueTask<UpstreamAnswer> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        EmbeddedResponse response = new();
        FeatureCollection features = new();
        HeaderDictionary headers = new()
        {
            ["Host"] = "localhost",
            ["Content-Type"] = "application/json",
            ["Authorization"] = $"Bearer {secret}",
        };
        foreach (UpstreamHeader header in request.Headers)
        {
            headers[header.Name] = header.Value;
        }

        Stream body = Concatenate(request.Body);
        headers.ContentLength = body.Length;
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = "HTTP/1.1",
            Scheme = "http",
            Method = request.Method,
            Path = request.Path.Split('?')[0],
            QueryString = request.Path.Contains('?', StringComparison.Ordinal) ? request.Path[request.Path.IndexOf('?', StringComparison.Ordinal)..] : "",
            Headers = headers,
            Body = body,
        });
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpRequestLifetimeFeature>(response);
        _ = RunAsync(new DefaultHttpContext(features), response);
        try
        {
            await response.Started.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            response.Abort();
            throw;
        }

        return new Answer(response);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static MemoryStream Concatenate(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        MemoryStream whole = new(pieces.Sum(piece => piece.Length));
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            whole.Write(piece.Span);
        }

        whole.Position = 0;
        return whole;
    }

    private async Task RunAsync(HttpContext context, EmbeddedResponse response)
    {
        // The caller must not compute in place of the endpoint, nor the endpoint in place of the caller.
        await Task.Yield();
        Exception? fault = null;
        try
        {
            await endpoints.HandleAsync(context);
        }
        catch (Exception error)
        {
            fault = new IOException($"the embedded engine failed ({error.GetType().Name})");
        }

        response.Complete(fault);
    }

    /// <summary>Reads the answer; ending early aborts the exchange, which cancels the generation within a step.</summary>
    private sealed class Answer(EmbeddedResponse response) : UpstreamAnswer
    {
        public override int Status => response.StatusCode;

        public override string ContentType
        {
            get
            {
                string type = response.Headers.ContentType.ToString();
                int parameters = type.IndexOf(';', StringComparison.Ordinal);
                return (parameters < 0 ? type : type[..parameters]).Trim().ToLowerInvariant();
            }
        }

        public override PipeReader Body => response.Reader;

        public override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = response.Headers[name];
            return value is not null;
        }

        public override ValueTask DisposeAsync()
        {
            response.Abort();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
