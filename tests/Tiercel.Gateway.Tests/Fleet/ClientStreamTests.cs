using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tiercel.Gateway.Fleet;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>The pulse looks at streams from another thread: it cuts one that is not read, once, and never what comes after it.</summary>
public sealed class ClientStreamTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_stream_that_is_not_read_is_cut_once_and_left_alone_when_it_is_over()
    {
        ManualTime time = new();
        FleetClock clock = new(time);
        Lifetime lifetime = new();
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        ClientStreams streams = new();
        ClientStream stream = new(ContextOf(pipe, lifetime), clock, new SocketTurns(isShared: false, time));
        IDisposable entry = streams.Add(stream);
        stream.Write("data: 1\n\n"u8);
        time.Advance(TimeSpan.FromSeconds(1));
        ValueTask flush = stream.FlushAsync();
        Assert.False(flush.IsCompleted);
        streams.Pulse(clock.Now + (Minute / 2), Minute, Minute);
        Assert.Equal(0, lifetime.Aborted);
        streams.Pulse(clock.Now + (2 * Minute), Minute, Minute);
        streams.Pulse(clock.Now + (2 * Minute), Minute, Minute);
        Assert.Equal(1, lifetime.Aborted);
        Assert.True(stream.CutAsSlow);
        pipe.Reader.Complete();
        await Assert.ThrowsAsync<ClientGoneException>(flush.AsTask);
        entry.Dispose();
    }

    [Fact]
    public void A_pulse_that_comes_when_the_answer_is_over_does_not_touch_its_context()
    {
        ManualTime time = new();
        FleetClock clock = new(time);
        Lifetime lifetime = new();
        ClientStreams streams = new();
        ClientStream stream = new(ContextOf(new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)), lifetime), clock, new SocketTurns(isShared: false, time));
        IDisposable entry = streams.Add(stream);
        stream.Write("data: 1\n\n"u8);
        time.Advance(TimeSpan.FromSeconds(1));
        _ = stream.FlushAsync().AsTask();

        // It was found among the streams, and ended before it was looked at.
        entry.Dispose();
        stream.Pulse(clock.Now + (2 * Minute), Minute, Minute);
        Assert.Equal(0, lifetime.Aborted);
        Assert.False(stream.CutAsSlow);
    }

    private static DefaultHttpContext ContextOf(Pipe pipe, Lifetime lifetime)
    {
        DefaultHttpContext context = new();
        context.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        context.Features.Set<IHttpResponseBodyFeature>(new Body(pipe.Writer));
        return context;
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public int Aborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => Aborted++;
    }

    private sealed class Body(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => throw new NotSupportedException();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
