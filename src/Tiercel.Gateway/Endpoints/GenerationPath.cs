using System.Buffers;
using Tiercel.Engine;
using Tiercel.Gateway.Metering;
using Tiercel.Gateway.Prompts;
using Tiercel.Gateway.Streaming;
using Tiercel.Gateway.Upstreams;
using Tiercel.Gateway.Workers;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary>The part of the request path that all generating endpoints share, from encoded prompts to the settled answer.</summary>
internal sealed class GenerationPath(GatewayServices services)
{
    /// <summary>Parts the seeds of a request's prompts.</summary>
    private const ulong SeedStep = 0x9E3779B97F4A7C15;

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

        if (exchange.Resume is { } resume && CheckResume(resume, body, prompts.Count) is ApiError notHere)
        {
            await exchange.RefuseAsync(notHere);
            return;
        }

        DateTimeOffset created = exchange.Peer?.Created ?? services.Time.GetUtcNow();
        AnswerHead head = new(exchange.Peer?.AnswerId ?? services.Random.NextId(idPrefix), created.ToUnixTimeSeconds(), engine.Model.Name, Fingerprint);
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
        await (body.Stream
            ? runner.StreamAsync(output => Prepare(createWriter(head, output), exchange, batch.Choices))
            : runner.SendWholeAsync(createCollector(head)));
    }

    private static ChunkWriter Prepare(ChunkWriter writer, Exchange exchange, int choices)
    {
        writer.ListsTokens = exchange.Peer?.WantsTokens == true;
        for (int choice = 0; exchange.Resume is not null && choice < choices; choice++)
        {
            if (exchange.Resume.HasBegun(choice))
            {
                writer.SkipStart(choice);
            }
        }

        return writer;
    }

    private static ApiError? CheckResume(ResumeBody resume, GenerationBody body, int prompts)
    {
        if (!body.Stream)
        {
            return ApiErrors.InvalidValue("stream", "Only a stream can be resumed.");
        }

        int choices = prompts * body.Choices;
        return resume.Choices.Keys.Any(index => index >= choices)
            ? ApiErrors.InvalidValue("choices", $"A choice has an index beyond the {choices} choices of the request.")
            : null;
    }

    private List<GenerationRequest> BuildRequests(
        Exchange exchange, IInferenceEngine engine, GenerationBody body, IReadOnlyList<IReadOnlyList<int>> prompts, string id)
    {
        IReadOnlyList<int> breakers = DryBreakers.Of(body, engine.Tokenizer);
        string salt = exchange.SaltOf(body.CacheSalt);
        List<GenerationRequest> requests = new(prompts.Count);
        for (int i = 0; i < prompts.Count; i++)
        {
            string promptId = prompts.Count == 1 ? id : $"{id}-{i}";
            ulong seed = exchange.Peer?.Seed is ulong given ? unchecked(given + (SeedStep * (ulong)i)) : services.Random.Next();
            GenerationRequest request = EngineRequests.Build(body, promptId, prompts[i], seed, salt, breakers);
            requests.Add(Resume(exchange, request with { Priority = exchange.Peer?.Priority ?? body.Priority }, i));
        }

        // A gateway's view of a prompt is one of its bytes, so only a request of one prompt can be matched to its tokens.
        if (exchange.Peer?.Request is long number && prompts.Count == 1)
        {
            services.Worker.NotePrompt(number, salt, prompts[0]);
        }

        return requests;
    }

    /// <summary>Adds to the request of one prompt how far its choices had come elsewhere, where any had begun.</summary>
    private static GenerationRequest Resume(Exchange exchange, GenerationRequest request, int prompt)
    {
        if (exchange.Resume is not ResumeBody resume)
        {
            return request;
        }

        bool begun = false;
        ResumedChoice[] choices = new ResumedChoice[request.Choices];
        for (int i = 0; i < choices.Length; i++)
        {
            int index = (prompt * choices.Length) + i;
            begun |= resume.HasBegun(index);
            choices[i] = resume.Choices.TryGetValue(index, out ResumeChoice? state) ? new ResumedChoice(state.Tokens, state.IsFinished) : new ResumedChoice([], false);
        }

        return begun ? request with { Resume = choices, PromptLogprobs = null } : request;
    }
}
