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
    private readonly SequenceArrival[] _arrivals;

    /// <summary>The choice of each arrival.</summary>
    private readonly RunningChoice[] _arriving;
    private Sequence? _first;
    private int _attached;
    private int _running;
    private int _outputTokens;
    private int _cachedTokens;
    private bool _isForked;

    private GenerationJob(GenerationRequest request, RunningChoice[] choices, IReadOnlyList<int>[] histories, ChannelWriter<GenerationEvent> events)
    {
        _request = request;
        _events = events;
        _choices = choices;
        _running = choices.Count(choice => !choice.IsFinished);
        _outputTokens = choices.Sum(choice => choice.OutputTokens);
        _promptTokens = request.PromptLogprobs is null ? null : [new GeneratedToken(request.Prompt[0], null, [])];

        // The choices of a resumed request have histories of their own; what is common to them is found in the cache.
        _isForked = request.Resume is not null;
        _arriving = _isForked ? [.. choices.Where(choice => !choice.IsFinished)] : choices[..1];
        _arrivals = [.. histories.Select(history => new SequenceArrival
        {
            Prompt = history,
            CacheSalt = request.CacheSalt,
            Priority = request.Priority,
            WantsAllOutputs = request.PromptLogprobs is not null,
        })];
    }

    public override IReadOnlyList<SequenceArrival> Arrivals => _arrivals;

    public override bool IsFinished => _running == 0;

    public GenerationUsage Usage => new(_request.Prompt.Count, Volatile.Read(ref _cachedTokens), Volatile.Read(ref _outputTokens));

    /// <summary>Makes the job of a valid request. One whose choices have all ended elsewhere is finished at once.</summary>
    /// <param name="contextLength">Tokens one choice may have, prompt included.</param>
    /// <param name="error">Why the request cannot be resumed.</param>
    public static GenerationJob? TryCreate(
        GenerationRequest request, Tokenizer tokenizer, int contextLength, ChannelWriter<GenerationEvent> events, out EngineError? error)
    {
        error = null;
        RunningChoice[] choices = new RunningChoice[request.Choices];
        List<IReadOnlyList<int>> histories = request.Resume is null ? [request.Prompt] : [];
        for (int i = 0; i < choices.Length; i++)
        {
            int index = i;
            Sampler sampler = new(request.Sampling, tokenizer.VocabularySize, request.Prompt, tokenizer.EndTokens, i);
            ChoiceText CreateText() => new(index, tokenizer.CreateStreamDecoder(request.RenderSpecialTokens), request.StopStrings);
            if (request.Resume is null)
            {
                choices[i] = new RunningChoice(sampler, CreateText());
                continue;
            }

            ResumedChoice resumed = request.Resume[i];
            ChoiceReplay? replay = ChoiceReplay.TryRun(request, resumed.Tokens, sampler, CreateText, contextLength);
            if (replay is null)
            {
                error = new EngineError(EngineErrorKind.InvalidRequest, $"'resume' has tokens of choice {i} after its end", "resume");
                return null;
            }

            choices[i] = Continue(replay, sampler, resumed, i, request, events);
            if (!choices[i].IsFinished)
            {
                histories.Add([.. request.Prompt, .. replay.Computed]);
            }
        }

        GenerationJob job = new(request, choices, [.. histories], events);
        if (job.IsFinished)
        {
            events.TryComplete();
        }

        return job;
    }

    public override void Attach(Sequence sequence)
    {
        _first ??= sequence;
        _arriving[_attached++].Sequence = sequence;
    }

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
            RunningChoice only = ChoiceOf(chunk.Sequence);
            if (only.Known.TryPeek(out int known))
            {
                only.Sampled = TokenReport.Describe(logits, known, _request.Sampling.Logprobs!.Value);
            }
            else
            {
                Sample(only, logits, chunk.Sequence.Tokens.Count);
            }

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
        Volatile.Write(ref _cachedTokens, Math.Min(_first!.CachedTokens, _request.Prompt.Count));
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
        if (choice.Known.Count > 0)
        {
            AdvanceKnown(choice, token, context);
            return;
        }

        choice.OutputTokens++;
        Volatile.Write(ref _outputTokens, _outputTokens + 1);
        if (choice.Sampler.Ends(token.Token))
        {
            context.CountLastToken();
            choice.Text.TakeEnd(token.Token);
            Finish(choice, FinishReason.Stop, null, context);
            return;
        }

        choice.Sampler.Accept(token.Token);
        choice.Text.Take(token);
        bool atLimit = choice.OutputTokens == _request.MaxTokens || _request.Prompt.Count + choice.OutputTokens >= context.ContextLength;
        if (choice.Text.IsStopped || atLimit)
        {
            // All text that is left goes with the last event: whoever has seen its tokens has seen its text.
            context.CountLastToken();
            Finish(choice, choice.Text.IsStopped ? FinishReason.Stop : FinishReason.Length, null, context);
            return;
        }

        if (choice.Text.News() is GenerationEvent news)
        {
            _events.TryWrite(news);
        }

        context.Append(choice.Sequence!, token.Token);
    }

    /// <summary>Takes the probabilities of a token that was generated elsewhere; it was counted there, and what it made certain was sent.</summary>
    private static void AdvanceKnown(RunningChoice choice, GeneratedToken token, JobContext context)
    {
        choice.Known.Dequeue();
        choice.Text.Take(token);
        if (choice.Known.Count == 0)
        {
            choice.Text.MarkSent();
        }

        context.AppendKnown(choice.Sequence!, token.Token);
    }

    private static RunningChoice Continue(
        ChoiceReplay replay, Sampler sampler, ResumedChoice resumed, int index, GenerationRequest request, ChannelWriter<GenerationEvent> events)
    {
        RunningChoice choice = new(sampler, replay.Text) { OutputTokens = resumed.Tokens.Count, IsFinished = resumed.IsFinished || replay.Ended is not null };
        foreach (int token in replay.Known)
        {
            choice.Known.Enqueue(token);
        }

        if (!resumed.IsFinished && replay.Ended is FinishReason reason)
        {
            events.TryWrite(new GenerationEvent { Choice = index, Finish = reason });
        }
        else if (!choice.IsFinished && request.Sampling.Logprobs is not null)
        {
            events.TryWrite(new GenerationEvent { Choice = index, ReplayedTokens = replay.Computed });
        }

        return choice;
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
