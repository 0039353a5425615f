using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>An answer on a connection. Disposing it gives the connection back when the body came whole, and closes it otherwise.</summary>
internal sealed class HttpAnswer(AnswerHead head, HttpBodyReader body) : UpstreamAnswer
{
    public override int Status => head.Status;

    public override string ContentType => head.ContentType;

    public override PipeReader Body => body;

    public override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => head.TryGet(name, out value);

    public override void ExpectEnd() => body.ExpectEnd();

    public override ValueTask DisposeAsync()
    {
        body.Release();
        return ValueTask.CompletedTask;
    }
}
