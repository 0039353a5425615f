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
}
