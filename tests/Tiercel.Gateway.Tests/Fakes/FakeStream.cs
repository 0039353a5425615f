using System.Threading.Channels;
using Tiercel.Engine;

namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>A stream whose events the test writes.</summary>
/// <param name="request">Which it answers.</param>
/// <param name="inline">Whether who waits for an event goes on within the call that sends it.</param>
internal sealed class FakeStream(GenerationRequest request, bool inline = false) : GenerationStream
{
    private readonly Channel<GenerationEvent> _channel = Channel.CreateUnbounded<GenerationEvent>(new UnboundedChannelOptions { AllowSynchronousContinuations = inline });
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ended;

    public GenerationRequest Request { get; } = request;

    public override ChannelReader<GenerationEvent> Events => _channel.Reader;

    public int OutputTokens { get; set; }

    public int CachedTokens { get; set; }

    public override GenerationUsage Usage => new(Request.Prompt.Count, CachedTokens, OutputTokens);

    public override TimeSpan? QueueTime => TimeSpan.FromSeconds(0.25);

    /// <summary>Ends when the gateway cancels.</summary>
    public Task Cancelled => _cancelled.Task;

    public override void Cancel() => _cancelled.TrySetResult();

    public void Send(GenerationEvent news)
    {
        OutputTokens += news.Tokens.Count;
        Assert.True(_channel.Writer.TryWrite(news));
        if (news.Finish is not null && Interlocked.Increment(ref _ended) == Request.Choices)
        {
            _channel.Writer.Complete();
        }
    }

    public void SendText(string text, int choice = 0) => Send(new GenerationEvent
    {
        Choice = choice,
        Text = text,
        Tokens = [.. System.Text.Encoding.UTF8.GetBytes(text).Select(b => new GeneratedToken(b, null, []))],
    });

    public void Finish(FinishReason reason = FinishReason.Stop, int choice = 0, EngineError? error = null) =>
        Send(new GenerationEvent { Choice = choice, Finish = reason, Error = error });

    /// <summary>Breaks the channel, as a fault in the engine would.</summary>
    public void Break(Exception error) => _channel.Writer.Complete(error);
}
