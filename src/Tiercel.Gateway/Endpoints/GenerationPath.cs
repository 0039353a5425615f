using System.Buffers;
using Tiercel.Engine;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Prompts;
using Tiercel.Gateway.Streaming;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary>The part of the request path that all generating endpoints share, from encoded prompts to the settled answer.</summary>
internal sealed class GenerationPath(GatewayServices services)
{
    private static readonly string Fingerprint = $"fp_tiercel_{Product.Version}";

    /// <param name="exchange">The request.</param>
    /// <param name="engine">Where it goes.</param>
    /// <param name="body">What was asked.</param>
    /// <param name="prompts">The prompts, checked against the context.</param>
    /// <param name="idPrefix">Beginning of the answer's id.</param>
    /// <param name="promptParameter">What this endpoint calls the prompt.</param>
    /// <param name="createWriter">Makes the writer of a stream.</param>
    /// <param name="createCollector">Makes the collector of a whole answer.</param>
    public async Task RunAsync(
        Exchange exchange,
        IInferenceEngine engine,
        GenerationBody body,
        IReadOnlyList<IReadOnlyList<int>> prompts,
        string idPrefix,
        string promptParameter,
        Func<AnswerHead, IBufferWriter<byte>, ChunkWriter> createWriter,
        Func<AnswerHead, AnswerCollector> createCollector)
    {
        if (!engine.Model.CanGenerate)
        {
            await exchange.RefuseAsync(ApiErrors.NotSupportedByModel($"The model '{engine.Model.Name}' only embeds; use /v1/embeddings.", "model"));
            return;
        }

        if (EngineRequests.CheckVocabulary(body, engine.Tokenizer.VocabularySize) is ApiError wrong)
        {
            await exchange.RefuseAsync(wrong);
            return;
        }

        AnswerHead head = new(services.Random.NextId(idPrefix), services.Time.GetUtcNow().ToUnixTimeSeconds(), engine.Model.Name, Fingerprint);
        exchange.AnswerId = head.Id;
        exchange.Streams = body.Stream;

        // 6 Forward.
        List<GenerationRequest> requests = BuildRequests(exchange, engine, body, prompts, head.Id);
        if (!PromptBatch.TrySubmit(engine, requests, services.Options.MaxPromptsInFlight, out PromptBatch? batch, out EngineError? refusal))
        {
            await exchange.RefuseAsync(ApiErrors.From(refusal, promptParameter));
            return;
        }

        // 7 Stream, and 9 settle. (8, recovery, needs a second place to run.)
        await using CancellationTokenRegistration stopping = services.Stopping.Token.Register(static state => ((PromptBatch)state!).Cancel(), batch);
        RequestMeter meter = new(services.Metrics, services.Time, exchange.Started, body, batch.Choices);
        AnswerRunner runner = new(exchange, batch, meter, services.Options, services.Time, promptParameter);
        await (body.Stream ? runner.StreamAsync(output => createWriter(head, output)) : runner.SendWholeAsync(createCollector(head)));
    }

    private List<GenerationRequest> BuildRequests(
        Exchange exchange, IInferenceEngine engine, GenerationBody body, IReadOnlyList<IReadOnlyList<int>> prompts, string id)
    {
        IReadOnlyList<int> breakers = DryBreakers.Of(body, engine.Tokenizer);
        string salt = body.CacheSalt.Length > 0 ? $"{exchange.Tenant}/{body.CacheSalt}" : exchange.Tenant;
        List<GenerationRequest> requests = new(prompts.Count);
        for (int i = 0; i < prompts.Count; i++)
        {
            string promptId = prompts.Count == 1 ? id : $"{id}-{i}";
            requests.Add(EngineRequests.Build(body, promptId, prompts[i], services.Random.Next(), salt, breakers));
        }

        return requests;
    }
}
