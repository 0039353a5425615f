using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>An upstream whose answers a test makes: for each request a status and what is written into its body.</summary>
internal sealed class ScriptedUpstream(Func<UpstreamRequest, PipeWriter, Task<int>> answer) : IUpstream
{
    public int Replica => 1;

    public UpstreamSettings Settings { get; } = new() { Name = "w", Kind = UpstreamKind.Tiercel };

    /// <summary>Passes requests on to a real worker.</summary>
    public static ScriptedUpstream To(HttpClient client) => new(async (request, output) =>
    {
        HttpResponseMessage response = await client.GetAsync(request.Path, HttpCompletionOption.ResponseHeadersRead);
        _ = CopyAsync(response, output);
        return (int)response.StatusCode;
    });

    public async ValueTask<UpstreamAnswer> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        // No more is taken of the body than a connection would hold.
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024));
        return new Answer(await answer(request, pipe.Writer), pipe.Reader);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task CopyAsync(HttpResponseMessage response, PipeWriter output)
    {
        using (response)
        {
            Exception? broken = null;
            try
            {
                await response.Content.CopyToAsync(output.AsStream());
            }
            catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
            {
                broken = new IOException("the connection broke", error);
            }

            await output.CompleteAsync(broken);
        }
    }

    private sealed class Answer(int status, PipeReader body) : UpstreamAnswer
    {
        public override int Status => status;

        public override string ContentType => "application/json";

        public override PipeReader Body => body;

        public override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = null;
            return false;
        }

        public override ValueTask DisposeAsync() => body.CompleteAsync();
    }
}
