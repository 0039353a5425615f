using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine;

/// <summary>A loaded model that serves many requests at once.</summary>
public interface IInferenceEngine
{
    /// <summary>What is loaded.</summary>
    ModelDescription Model { get; }

    Tokenizer Tokenizer { get; }

    /// <summary>The model's own chat template, or null for a model that has none.</summary>
    ChatTemplate? ChatTemplate { get; }

    /// <summary>Validates and queues a request; the answer is immediate, and nothing is generated for a refused one.</summary>
    Submission Submit(GenerationRequest request);

    /// <summary>Computes an embedding; refusals come back as values.</summary>
    Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellationToken);

    EngineStatus GetStatus();

    /// <summary>
    /// Begins to report which token blocks the prefix cache holds. One observer at a time; a second call ends the first one's reports. Null where there is no
    /// cache to observe.
    /// </summary>
    /// <param name="hashes">Names the blocks; engines whose blocks are to be compared use the same key.</param>
    CacheFeed? ObserveCache(BlockHasher hashes) => null;

    /// <summary>
    /// Measures how fast the engine is, if it is idle. A large model gets no more than the budget allows: terms that could not be measured are estimated from those
    /// that were. Null where nothing can be measured now.
    /// </summary>
    Task<SpeedProfile?> MeasureSpeedAsync(TimeSpan budget, CancellationToken cancellationToken) => Task.FromResult<SpeedProfile?>(null);
}
