using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tiercel.Gateway.Fleet;

/// <summary>
/// The answering half of an HTTP exchange inside the process: what an endpoint writes comes out of a bounded pipe, and the head is ready once the
/// first bytes are flushed.
/// </summary>
internal sealed class EmbeddedResponse : IHttpResponseFeature, IHttpResponseBodyFeature, IHttpRequestLifetimeFeature, IDisposable
{
    /// <summary>Bytes that an endpoint may be ahead of the reader.</summary>
    private const int PauseBytes = 64 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2, useSynchronizationContext: false));
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _aborted = new();

    public EmbeddedResponse()
    {
        Writer = new StartingWriter(this);
        Stream = Writer.AsStream();
        RequestAborted = _aborted.Token;
    }

    /// <summary>Completes with the head.</summary>
    public Task Started => _started.Task;

    public PipeReader Reader => _pipe.Reader;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    public bool HasStarted => _started.Task.IsCompleted;

    public Stream Stream { get; }

    public PipeWriter Writer { get; }

    Stream IHttpResponseFeature.Body
    {
        get => Stream;
        set => throw new NotSupportedException("the body of an embedded answer cannot be replaced");
    }

    public CancellationToken RequestAborted { get; set; }

    /// <summary>The reader has gone, or the endpoint gives up: either way both sides end.</summary>
    public void Abort() => _aborted.Cancel();

    /// <summary>Ends the body. A fault makes the reader's next read fail, as a broken connection would.</summary>
    public void Complete(Exception? fault)
    {
        _started.TrySetResult();
        _pipe.Writer.Complete(fault ?? (_aborted.IsCancellationRequested ? new IOException("the embedded engine cut the answer") : null));
    }

    public void Dispose()
    {
        _pipe.Reader.Complete();
        _aborted.Dispose();
    }

    public void OnStarting(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void OnCompleted(Func<object, Task> callback, object state) => throw new NotSupportedException();

    public void DisableBuffering()
    {
    }

    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        _started.TrySetResult();
        return Task.CompletedTask;
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task CompleteAsync() => Task.CompletedTask;

    /// <summary>Passes on to the pipe, and notes the first flush.</summary>
    private sealed class StartingWriter(EmbeddedResponse response) : PipeWriter
    {
        private PipeWriter Inner => response._pipe.Writer;

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => Inner.UnflushedBytes;

        public override void Advance(int bytes) => Inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => Inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => Inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => Inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            // The exchange ends with its endpoint, not with its writer.
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            response._started.TrySetResult();
            return Inner.FlushAsync(cancellationToken);
        }
    }
}
