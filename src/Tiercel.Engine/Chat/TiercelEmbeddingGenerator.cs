using Microsoft.Extensions.AI;

namespace Tiercel.Engine.Chat;

/// <summary>A loaded model as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>. Disposing it leaves the engine to its owner.</summary>
public sealed class TiercelEmbeddingGenerator(IInferenceEngine engine, TimeProvider time) : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <inheritdoc />
    /// <exception cref="NotSupportedException">Dimensions or a model other than the loaded one were asked for.</exception>
    /// <exception cref="InferenceException">The engine refused or failed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options?.Dimensions is int dimensions && dimensions != engine.Model.EmbeddingLength)
        {
            throw new NotSupportedException($"embeddings of '{engine.Model.Name}' have {engine.Model.EmbeddingLength} dimensions, not {dimensions}");
        }

        if (options?.ModelId is string model && model != engine.Model.Name)
        {
            throw new NotSupportedException($"the model loaded here is '{engine.Model.Name}', not '{model}'");
        }

        List<Task<EmbeddingResult>> pending = [];
        long tokens = 0;
        foreach (string value in values)
        {
            int[] prompt = engine.Tokenizer.Encode(value, parseSpecial: false, addSpecial: true);
            tokens += prompt.Length;
            pending.Add(engine.EmbedAsync(new EmbeddingRequest { Id = $"embedding-{pending.Count}", Prompt = prompt }, cancellationToken));
        }

        GeneratedEmbeddings<Embedding<float>> embeddings = new(pending.Count)
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
        DateTimeOffset now = time.GetUtcNow();
        foreach (EmbeddingResult result in await Task.WhenAll(pending))
        {
            float[] vector = result.Vector ?? throw new InferenceException(result.Error!);
            embeddings.Add(new Embedding<float>(vector) { ModelId = engine.Model.Name, CreatedAt = now });
        }

        return embeddings;
    }

    /// <inheritdoc />
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata("tiercel", null, engine.Model.Name, engine.Model.EmbeddingLength)
        : serviceType.IsInstanceOfType(engine) ? engine
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Does nothing: the engine is not owned.</summary>
    public void Dispose()
    {
    }
}
