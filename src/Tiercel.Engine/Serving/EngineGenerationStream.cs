using System.Threading.Channels;

namespace Tiercel.Engine.Serving;

/// <summary>The caller's end of a <see cref="GenerationJob"/>.</summary>
internal sealed class EngineGenerationStream(GenerationJob job, ChannelReader<GenerationEvent> events, StepLoop loop) : GenerationStream
{
    public override ChannelReader<GenerationEvent> Events { get; } = events;

    public override GenerationUsage Usage => job.Usage;

    public override TimeSpan? QueueTime => job.QueueTime;

    public override void Cancel()
    {
        if (!Events.Completion.IsCompleted)
        {
            loop.Cancel(job);
        }
    }
}
