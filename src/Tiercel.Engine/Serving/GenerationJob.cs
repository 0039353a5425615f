using System.Buffers;
using System.Threading.Channels;
using Tiercel.Engine.Models;
using Tiercel.Engine.Sampling;
using Tiercel.Engine.Scheduling;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Serving;

/// <summary>
/// A generation request on the step thread. The prompt is computed once, by the first choice's sequence; when its last token has been computed the other
/// choices fork from it, and every choice draws its first token from the same logits.
/// </summary>
internal sealed class GenerationJob : EngineJob
{
    private readonly GenerationRequest _request;
    private readonly ChannelWriter<GenerationEvent> _events;
    private readonly RunningChoice[] _choices;
    private readonly List<GeneratedToken>? _promptTokens;
    private int _running;
    private int _outputTokens;
    private int _cachedTokens;
    private bool _isForked;

    public GenerationJob(GenerationRequest request, Tokenizer tokenizer, ChannelWriter<GenerationEvent> events)
    {
        _request = request;
        _events = events;
        _choices = new RunningChoice[request.Choices];
        for (int i = 0; i < _choices.Length; i++)
        {
            Sampler sampler = new(request.Sampling, tokenizer.VocabularySize, request.Prompt, tokenizer.EndTokens, i);
            _choices[i] = new RunningChoice(sampler, new ChoiceText(i, tokenizer.CreateStreamDecoder(request.RenderSpecialTokens), request.StopStrings));
        }

        _running = _choices.Length;
        _promptTokens = request.PromptLogprobs is null ? null : [new GeneratedToken(request.Prompt[0], null, [])];
        Arrival = new SequenceArrival
        {
            Prompt = request.Prompt,
            CacheSalt = request.CacheSalt,
            Priority = request.Priority,
            WantsAllOutputs = request.PromptLogprobs is not null,
        };
    }

    public override SequenceArrival Arrival { get; }

    public override bool IsFinished => _running == 0;

    public GenerationUsage Usage => new(_request.Prompt.Count, Volatile.Read(ref _cachedTokens), Volatile.Read(ref _outputTokens));

    public override void Attach(Sequence sequence) => _choices[0].Sequence = sequence;

    public override void RequestOutputs(in PlannedChunk chunk, int firstRow, StepBatch batch)
    {
        for (int position = chunk.FirstOutput; position < chunk.End; position++)
        {
            batch.Outputs.Add((firstRow + position - chunk.Start, StepOutputKind.Logits));
        }
    }

    public override void Compute(in PlannedChunk chunk, ChunkOutputs outputs)
    {
        if (_promptTokens is not null && !_isForked)
        {
            // The row at position p scores the token at p + 1. The last row is computed again after a preemption, and brings no news then.
            for (int next = chunk.FirstOutput + 1; next <= chunk.End && next < _request.Prompt.Count; next++)
            {
                if (next == _promptTokens.Count)
                {
                    _promptTokens.Add(TokenReport.Describe(outputs[next - 1 - chunk.FirstOutput], _request.Prompt[next], _request.PromptLogprobs!.Value));
                }
            }
        }

        if (!chunk.IsLast || _request.MaxTokens == 0)
        {
            return;
        }

        Span<float> logits = outputs[outputs.Count - 1];
        if (_isForked || _choices.Length == 1)
        {
            Sample(ChoiceOf(chunk.Sequence), logits, chunk.Sequence.Tokens.Count);
            return;
        }

        // Samplers overwrite the logits they are given, so each choice draws from a copy.
        float[] copy = ArrayPool<float>.Shared.Rent(logits.Length);
        foreach (RunningChoice choice in _choices)
        {
            logits.CopyTo(copy);
            Sample(choice, copy.AsSpan(0, logits.Length), chunk.Sequence.Tokens.Count);
        }

        ArrayPool<float>.Shared.Return(copy);
    }

    public override void Deliver(in PlannedChunk chunk, JobContext context)
    {
        Volatile.Write(ref _cachedTokens, _choices[0].Sequence!.CachedTokens);
        if (!chunk.IsLast)
        {
            return;
        }

        if (_promptTokens is { Count: > 0 } && !_isForked)
        {
            _events.TryWrite(new GenerationEvent { PromptTokens = [.. _promptTokens] });
        }

        if (_request.MaxTokens == 0)
        {
            End(FinishReason.Length, null, context);
            return;
        }

        if (!_isForked)
        {
            _isForked = true;
            for (int i = 1; i < _choices.Length; i++)
            {
                _choices[i].Sequence = context.Fork(chunk.Sequence, this);
            }

            foreach (RunningChoice choice in _choices)
            {
                Advance(choice, context);
            }
        }
        else
        {
            Advance(ChoiceOf(chunk.Sequence), context);
        }
    }

    public override void End(FinishReason reason, EngineError? error, JobContext context)
    {
        foreach (RunningChoice choice in _choices)
        {
            if (!choice.IsFinished)
            {
                Finish(choice, reason, error, context);
            }
        }
    }

    public override void Abandon(Exception exception)
    {
        _running = 0;
        _events.TryComplete(exception);
    }

    private RunningChoice ChoiceOf(Sequence sequence)
    {
        foreach (RunningChoice choice in _choices)
        {
            if (ReferenceEquals(choice.Sequence, sequence))
            {
                return choice;
            }
        }

        throw new InvalidOperationException($"sequence {sequence.Id} is not one of request {_request.Id}");
    }

    private static void Sample(RunningChoice choice, Span<float> logits, int position)
    {
        try
        {
            choice.Sampled = choice.Sampler.Sample(logits, position);
        }
        catch (InvalidLogitsException exception)
        {
            choice.Failure = new EngineError(EngineErrorKind.Internal, exception.Message);
        }
    }

    private void Advance(RunningChoice choice, JobContext context)
    {
        if (choice.Failure is EngineError failure)
        {
            Finish(choice, FinishReason.Error, failure, context);
            return;
        }

        GeneratedToken token = choice.Sampled ?? throw new InvalidOperationException("a choice was delivered before it was sampled");
        choice.Sampled = null;
        choice.OutputTokens++;
        Volatile.Write(ref _outputTokens, _outputTokens + 1);
        if (choice.Sampler.Ends(token.Token))
        {
            context.CountLastToken();
            Finish(choice, FinishReason.Stop, null, context);
            return;
        }

        choice.Sampler.Accept(token.Token);
        (GenerationEvent? news, bool stopped) = choice.Text.Push(token);
        if (news is not null)
        {
            _events.TryWrite(news);
        }

        bool atLimit = choice.OutputTokens == _request.MaxTokens || _request.Prompt.Count + choice.OutputTokens >= context.ContextLength;
        if (stopped || atLimit)
        {
            context.CountLastToken();
            Finish(choice, stopped ? FinishReason.Stop : FinishReason.Length, null, context);
            return;
        }

        context.Append(choice.Sequence!, token.Token);
    }

    private void Finish(RunningChoice choice, FinishReason reason, EngineError? error, JobContext context)
    {
        choice.IsFinished = true;
        if (choice.Sequence is Sequence sequence)
        {
            context.Finish(sequence);
        }

        _events.TryWrite(choice.Text.Finish(reason, error));
        if (--_running == 0)
        {
            _events.TryComplete();
        }
    }
}
