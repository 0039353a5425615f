using System.Threading.Channels;
using Tiercel.Engine;
using Tiercel.Engine.Models;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Cli.Tests.Commands;

/// <summary>An engine whose answers are made up.</summary>
internal sealed class ScriptedEngine(IInferenceEngine real, Func<GenerationRequest, ScriptedAnswer> answer) : IInferenceEngine
{
    public ModelDescription Model => real.Model;

    public Tokenizer Tokenizer => real.Tokenizer;

    public ChatTemplate? ChatTemplate => real.ChatTemplate;

    public Submission Submit(GenerationRequest request)
    {
        ScriptedAnswer script = answer(request);
        return script.Refusal is null ? new Submission(new Scripted(script), null) : new Submission(null, script.Refusal);
    }

    public Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken) => real.EmbedAsync(request, cancellationToken);

    public EngineStatus GetStatus() => real.GetStatus();

    private sealed class Scripted : GenerationStream
    {
        private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>();

        public Scripted(ScriptedAnswer script)
        {
            foreach (string piece in script.Pieces)
            {
                _events.Writer.TryWrite(new GenerationEvent { Text = piece });
            }

            if (!script.WaitForCancel)
            {
                End(FinishReason.Stop);
            }
        }

        public override ChannelReader<GenerationEvent> Events => _events.Reader;

        public override GenerationUsage Usage => new(10, 4, 3);

        public override void Cancel() => End(FinishReason.Cancelled);

        private void End(FinishReason reason)
        {
            _events.Writer.TryWrite(new GenerationEvent { Finish = reason });
            _events.Writer.TryComplete();
        }
    }
}
