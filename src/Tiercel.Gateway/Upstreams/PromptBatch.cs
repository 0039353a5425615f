using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Tiercel.Engine;

namespace Tiercel.Gateway.Upstreams;

/// <summary>
/// The prompts of one request on their way through the engine. One prompt is read straight from its stream; of many, a bounded number is in the
/// engine at a time, and their news is merged. Choice <c>i</c> of prompt <c>p</c> is known as <c>p · choices + i</c>.
/// </summary>
internal sealed class PromptBatch : IAsyncDisposable
{
    /// <summary>News of a batch waiting for the client; the streams behind it wait in turn.</summary>
    private const int MergedCapacity = 256;

    private readonly IInferenceEngine _engine;
    private readonly IReadOnlyList<GenerationRequest> _requests;
    private readonly GenerationStream?[] _streams;
    private readonly Channel<(int Choice, GenerationEvent News)>? _merged;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly Lock _lock = new();
    private readonly Stack<int> _waiting = [];

    /// <summary>Usage of the prompts whose choices have all ended elsewhere.</summary>
    private readonly GenerationUsage _elsewhere;
    private int _workers;
    private int _running;

    /// <summary>Prompts that are through.</summary>
    private int _ended;

    private PromptBatch(IInferenceEngine engine, IReadOnlyList<GenerationRequest> requests, GenerationStream first, int window)
    {
        _engine = engine;
        _requests = requests;
        _streams = new GenerationStream?[requests.Count];
        _streams[0] = first;
        OpenChoices = requests.Sum(CountOpen);
        if (requests.Count > 1)
        {
            _merged = Channel.CreateBounded<(int, GenerationEvent)>(new BoundedChannelOptions(MergedCapacity) { SingleReader = true });
            for (int prompt = requests.Count - 1; prompt > 0; prompt--)
            {
                if (CountOpen(requests[prompt]) > 0)
                {
                    _waiting.Push(prompt);
                }
                else
                {
                    _elsewhere = Sum(_elsewhere, new GenerationUsage(requests[prompt].Prompt.Count, 0, requests[prompt].Resume!.Sum(choice => choice.Tokens.Count)));
                }
            }

            _workers = Math.Min(window, requests.Count);
            _running = 1;
            _ = WorkAsync(first);
            for (int i = _workers; i > 1; i--)
            {
                _ = WorkAsync(null);
            }
        }
    }

    public int Choices => _requests.Count * _requests[0].Choices;

    /// <summary>Choices that have an end to come; those of a resumed request that ended elsewhere have not.</summary>
    public int OpenChoices { get; }

    /// <summary>Sum over the prompts so far.</summary>
    public GenerationUsage Usage
    {
        get
        {
            GenerationUsage sum = _elsewhere;
            foreach (GenerationStream? stream in _streams)
            {
                sum = Sum(sum, stream?.Usage ?? default);
            }

            return sum;
        }
    }

    /// <summary>How long the first prompt waited in the engine's queue, once it has left it.</summary>
    public TimeSpan? QueueTime => _streams[0]!.QueueTime;

    /// <summary>Hands the first prompt to the engine; the others follow while it runs.</summary>
    /// <param name="window">Prompts in the engine at one time.</param>
    public static bool TrySubmit(
        IInferenceEngine engine,
        IReadOnlyList<GenerationRequest> requests,
        int window,
        [NotNullWhen(true)] out PromptBatch? batch,
        [NotNullWhen(false)] out EngineError? error)
    {
        Submission first = engine.Submit(requests[0]);
        batch = first.Accepted ? new PromptBatch(engine, requests, first.Stream, window) : null;
        error = first.Error;
        return first.Accepted;
    }

    public bool TryRead(out int choice, [NotNullWhen(true)] out GenerationEvent? news)
    {
        if (_merged is null)
        {
            bool read = _streams[0]!.Events.TryRead(out news);
            choice = news?.Choice ?? 0;
            return read;
        }

        bool any = _merged.Reader.TryRead(out (int Choice, GenerationEvent News) item);
        (choice, news) = any ? item : (0, null);
        return any;
    }

    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken) =>
        _merged?.Reader.WaitToReadAsync(cancellationToken) ?? _streams[0]!.Events.WaitToReadAsync(cancellationToken);

    /// <summary>Ends everything that runs within one step of the engine.</summary>
    public void Cancel()
    {
        _cancelled.Cancel();
        foreach (GenerationStream? stream in _streams)
        {
            stream?.Cancel();
        }
    }

    public ValueTask DisposeAsync()
    {
        Cancel();
        return ValueTask.CompletedTask;
    }

    private static int CountOpen(GenerationRequest request) => request.Resume?.Count(choice => !choice.IsFinished) ?? request.Choices;

    private static GenerationUsage Sum(GenerationUsage a, GenerationUsage b) =>
        new(a.PromptTokens + b.PromptTokens, a.CachedTokens + b.CachedTokens, a.OutputTokens + b.OutputTokens);

    /// <summary>Carries one prompt after the other through the engine.</summary>
    private async Task WorkAsync(GenerationStream? stream)
    {
        int prompt = 0;
        try
        {
            while (stream is not null || TakeNext(out prompt))
            {
                stream ??= await SubmitAsync(prompt);
                if (stream is null)
                {
                    break;
                }

                await ForwardAsync(prompt, stream);
                stream = null;
                lock (_lock)
                {
                    _running--;
                    _ended++;
                }
            }
        }
        catch (OperationCanceledException)
        {
            stream?.Cancel();
        }
        catch (Exception error)
        {
            _merged!.Writer.TryComplete(error);
        }

        if (Interlocked.Decrement(ref _workers) == 0)
        {
            _merged!.Writer.TryComplete();
        }
    }

    private bool TakeNext(out int prompt)
    {
        lock (_lock)
        {
            bool taken = _waiting.TryPop(out prompt) && !_cancelled.IsCancellationRequested;
            _running += taken ? 1 : 0;
            return taken;
        }
    }

    private async Task ForwardAsync(int prompt, GenerationStream stream)
    {
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(_cancelled.Token))
        {
            await _merged!.Writer.WriteAsync(((prompt * _requests[0].Choices) + news.Choice, news), _cancelled.Token);
        }
    }

    /// <summary>
    /// Hands one prompt to the engine; null where this worker has to end. A full queue is no error while other prompts of the batch run: one of their
    /// workers takes this prompt when it is through, or this one does where they are through by now. Any other refusal ends the batch, as the client gets
    /// all of it or an error.
    /// </summary>
    private async ValueTask<GenerationStream?> SubmitAsync(int prompt)
    {
        while (true)
        {
            int ended = Volatile.Read(ref _ended);
            Submission submission = _engine.Submit(_requests[prompt]);
            if (submission.Accepted)
            {
                _streams[prompt] = submission.Stream;
                if (_cancelled.IsCancellationRequested)
                {
                    submission.Stream.Cancel();
                }

                return submission.Stream;
            }

            lock (_lock)
            {
                bool isFull = submission.Error.Kind == EngineErrorKind.QueueFull;
                if (isFull && _running == 1 && _ended != ended && !_cancelled.IsCancellationRequested)
                {
                    continue;
                }

                _running--;
                if (isFull && _running > 0)
                {
                    _waiting.Push(prompt);
                    return null;
                }
            }

            GenerationEvent refusal = new() { Finish = FinishReason.Error, Error = submission.Error };
            await _merged!.Writer.WriteAsync((prompt * _requests[0].Choices, refusal), _cancelled.Token);
            return null;
        }
    }
}
