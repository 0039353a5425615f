using System.Threading.Channels;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Engine.Sampling;
using Tiercel.Engine.Scheduling;
using Tiercel.Engine.Serving;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine;

/// <summary>
/// A model in memory that serves many requests at once: continuous batching over a paged, shared key/value cache, on a step thread and a fixed team of
/// threads of its own. All members may be called from any thread.
/// </summary>
public sealed class InferenceEngine : IInferenceEngine, IDisposable
{
    /// <summary>Bytes that the logits of one step may take; bounds how many choices decode in one step for large vocabularies.</summary>
    private const long LogitsBytes = 128L << 20;

    private readonly GgufFile _file;
    private readonly ThreadTeam _team;
    private readonly TransformerModel _model;
    private readonly KvStorage? _storage;
    private readonly StepLoop _loop;
    private readonly TimeProvider _time;
    private volatile bool _isDraining;

    private InferenceEngine(
        GgufFile file,
        LoadCompanion companion,
        ThreadTeam team,
        TransformerModel model,
        ModelLoadOptions loaded,
        InferenceEngineOptions options,
        MemoryPlan plan,
        TimeProvider time)
    {
        _file = file;
        _team = team;
        _model = model;
        _time = time;
        Plan = plan;
        Tokenizer = companion.Tokenizer;
        ChatTemplate = companion.ChatTemplate;
        Model = EngineModelDescription.Of(file, companion.NumericsId, model, options, plan.ContextLength);
        _storage = model.Spec.IsCausal ? new KvStorage(model.Spec, options.KvType, plan.BlockCount) : null;
        SchedulerOptions limits = new()
        {
            TokenBudget = loaded.MaxRows,
            MaxOutputs = loaded.MaxOutputs,
            MaxRunning = Math.Min(options.MaxRunning ?? int.MaxValue, loaded.MaxOutputs),
            MaxWaiting = int.MaxValue,
            StepTarget = options.StepTarget,
            ContextLength = plan.ContextLength,
        };
        _loop = new StepLoop(model, _storage, new Scheduler(limits, plan.BlockCount, KvStorage.BlockSize), team, time, options);
    }

    public ModelDescription Model { get; }

    public Tokenizer Tokenizer { get; }

    public ChatTemplate? ChatTemplate { get; }

    /// <summary>How context and cache were sized.</summary>
    public MemoryPlan Plan { get; }

    public int Threads => _team.ThreadCount;

    /// <summary>Loads a model and starts its step thread.</summary>
    /// <param name="path">A GGUF file; any part of a split one.</param>
    /// <param name="options">What to choose otherwise than by default.</param>
    /// <param name="time">The clock of everything the engine does.</param>
    /// <exception cref="ModelFormatException">The file is not a usable model.</exception>
    /// <exception cref="ModelDoesNotFitException">The memory does not suffice; the message has the arithmetic.</exception>
    /// <exception cref="ChatTemplateException">The chat template in the file is not a legal one.</exception>
    public static InferenceEngine Load(string path, InferenceEngineOptions options, TimeProvider time)
    {
        GgufFile file = GgufFile.Open(path);
        ThreadTeam? team = null;
        TransformerModel? model = null;
        LoadCompanion? companion = null;
        try
        {
            long weightBytes = EstimateWeightBytes(file, options.WeightPrecision);
            long freeBytes = options.AvailableMemoryBytes ?? FreeMemory.Bytes();
            if (weightBytes > freeBytes)
            {
                throw new ModelDoesNotFitException(
                    $"the weights take {MemoryPlan.Size(weightBytes)}, and {MemoryPlan.Size(freeBytes)} of memory are free");
            }

            team = new ThreadTeam(options.Threads ?? Environment.ProcessorCount);
            ModelSpec spec = ModelSpec.Read(file, options.ContextLength);
            MemoryPlan plan = MakePlan(spec, options, freeBytes - weightBytes);
            companion = new LoadCompanion(file, spec, options, plan.ContextLength);
            ModelLoadOptions load = LoadOptions(spec, options, plan);
            model = TransformerModel.Load(file, load, team);
            companion.Join();
            companion.ThrowIfFailed();
            return new InferenceEngine(file, companion, team, model, load, options, plan, time);
        }
        catch
        {
            companion?.Join();
            model?.Dispose();
            team?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public Submission Submit(GenerationRequest request)
    {
        EngineError? error = Validate(request);
        if (error is not null)
        {
            return new Submission(null, error);
        }

        // Bounded by what the request may generate: each token of each choice is at most one event, and each choice has a last one.
        Channel<GenerationEvent> events = Channel.CreateUnbounded<GenerationEvent>(new UnboundedChannelOptions { SingleWriter = true });
        GenerationJob? job = GenerationJob.TryCreate(request, Tokenizer, Model.ContextLength, events.Writer, out error);
        if (job is null)
        {
            return new Submission(null, error);
        }

        return job.IsFinished || _loop.TryPost(job)
            ? new Submission(new EngineGenerationStream(job, events.Reader, _loop), null)
            : new Submission(null, Full());
    }

    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken)
    {
        int limit = Model.ContextLength;
        EngineError? error = ValidatePrompt(request.Prompt)
            ?? (request.Prompt.Count > limit
                ? new EngineError(EngineErrorKind.ContextLengthExceeded, $"the input has {request.Prompt.Count} tokens, and the model takes {limit}", "input")
                : null);
        if (error is not null)
        {
            return new EmbeddingResult(null, error);
        }

        EmbeddingJob job = new(request, _model.Spec);
        if (!_loop.TryPost(job))
        {
            return new EmbeddingResult(null, Full());
        }

        await using CancellationTokenRegistration registration = cancellationToken.Register(() => _loop.Cancel(job));
        return await job.Result;
    }

    public EngineStatus GetStatus() => _loop.GetStatus(_isDraining);

    public CacheFeed? ObserveCache(BlockHasher hashes)
    {
        if (_storage is null)
        {
            return null;
        }

        CacheFeed feed = new(hashes, _loop.WakeUp);
        _loop.Observe(feed);
        return feed;
    }

    public async Task<SpeedProfile?> MeasureSpeedAsync(TimeSpan budget, CancellationToken cancellationToken) =>
        await _loop.MeasureAsync(budget).WaitAsync(cancellationToken);

    /// <summary>Takes no new requests and waits until the running ones have ended, or the token is cancelled.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _isDraining = true;
        while (_loop.UnfinishedRequests > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, cancellationToken);
        }
    }

    /// <summary>Ends what still runs, with an error, and frees the memory.</summary>
    public void Dispose()
    {
        _isDraining = true;
        _loop.Dispose();
        _storage?.Dispose();
        _model.Dispose();
        _team.Dispose();
        _file.Dispose();
    }

    /// <summary>
    /// Bytes the weights will take once they are repacked. Counts the embedding table as a matrix, which it is where it is tied to the output; where it is not it
    /// stays in the mapped file, and the estimate is that much too high.
    /// </summary>
    internal static long EstimateWeightBytes(GgufFile file, WeightPrecision precision)
        => file.Tensors.Values.Sum(tensor => tensor.Shape.Count > 1 && tensor.Columns <= int.MaxValue
            ? WeightMatrix.PackedBytes(tensor.Type, tensor.Rows, (int)tensor.Columns, precision)
            : tensor.ByteCount);

    private static MemoryPlan MakePlan(ModelSpec spec, InferenceEngineOptions options, long freeBytes)
    {
        if (!spec.IsCausal)
        {
            int context = Math.Min(options.ContextLength ?? spec.TrainedContextLength, spec.TrainedContextLength);
            return new MemoryPlan(context, 0, 0, $"context {context:N0} tokens, no key/value cache (encoder)");
        }

        (MemoryPlan? plan, string? refusal) = MemoryPlan.Make(
            spec.TrainedContextLength,
            options.ContextLength,
            options.KvMemoryBytes,
            KvStorage.BlockSize,
            KvStorage.BytesPerBlock(spec, options.KvType),
            freeBytes);
        return plan ?? throw new ModelDoesNotFitException(refusal!);
    }

    private static ModelLoadOptions LoadOptions(ModelSpec spec, InferenceEngineOptions options, MemoryPlan plan)
    {
        // An encoder sees its whole input in one step and gives the hidden state of every row; a decoder's outputs are rows of logits.
        int rows = spec.IsCausal ? options.StepTokens : Math.Max(options.StepTokens, plan.ContextLength);
        int outputs = spec.IsCausal ? (int)Math.Clamp(LogitsBytes / (sizeof(float) * (long)spec.VocabularySize), 16, 256) : rows;
        return new ModelLoadOptions
        {
            WeightPrecision = options.WeightPrecision,
            KvType = options.KvType,
            ContextLength = plan.ContextLength,
            MaxRows = rows,
            MaxOutputs = Math.Min(outputs, rows),
        };
    }

    private EngineError Full() => _loop.GetStatus(_isDraining).Alive
        ? new EngineError(EngineErrorKind.QueueFull, "the queue is full; try again later")
        : new EngineError(EngineErrorKind.Internal, "the engine has stopped");

    private EngineError? Validate(GenerationRequest request)
    {
        if (!Model.CanGenerate)
        {
            return new EngineError(EngineErrorKind.NotSupported, $"'{Model.Name}' is an embedding model and cannot generate text", "model");
        }

        return request switch
        {
            { Choices: < 1 or > 128 } => Invalid("n", "must be from 1 to 128"),
            { MaxTokens: < 0 } => Invalid("max_tokens", "must not be negative"),
            { PromptLogprobs: < 0 or > 20 } => Invalid("prompt_logprobs", "must be from 0 to 20"),
            _ => ValidatePrompt(request.Prompt)
                ?? ValidateLength(request)
                ?? StopStringMatcher.Validate(request.StopStrings)
                ?? Sampler.Validate(request.Sampling, Model.VocabularySize)
                ?? ResumeRules.Check(request, Model),
        };
    }

    private EngineError? ValidateLength(GenerationRequest request)
    {
        int room = Model.ContextLength - request.Prompt.Count;
        return room >= (request.MaxTokens == 0 ? 0 : 1)
            ? null
            : new EngineError(
                EngineErrorKind.ContextLengthExceeded,
                $"the prompt has {request.Prompt.Count} tokens and leaves no room in a context of {Model.ContextLength} tokens",
                "prompt");
    }

    private EngineError? ValidatePrompt(IReadOnlyList<int> prompt)
    {
        if (_isDraining)
        {
            return new EngineError(EngineErrorKind.Draining, "the engine is shutting down and takes no new requests");
        }

        if (prompt.Count == 0)
        {
            return Invalid("prompt", "is empty");
        }

        foreach (int token in prompt)
        {
            if ((uint)token >= (uint)Model.VocabularySize)
            {
                return Invalid("prompt", $"has token {token}, and the vocabulary has {Model.VocabularySize}");
            }
        }

        return null;
    }

    private static EngineError Invalid(string parameter, string what) => new(EngineErrorKind.InvalidRequest, $"'{parameter}' {what}", parameter);
}
