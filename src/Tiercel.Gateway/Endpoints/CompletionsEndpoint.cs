using Tiercel.Engine;
using Tiercel.Engine.Tokenization;
using Tiercel.Gateway.Prompts;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class CompletionsEndpoint(GatewayServices services, GenerationPath path) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!RequestBodies.TryReadCompletion(bytes.Bytes, out CompletionBody? body, out ApiError? error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        // 3 Resolve.
        if (!services.Models.TryResolve(exchange.Peer is null ? body.Model : null, out IInferenceEngine? engine, out error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        exchange.Model = engine.Model.Name;
        List<IReadOnlyList<int>> prompts = new(body.Prompts.Count);
        for (int i = 0; i < body.Prompts.Count; i++)
        {
            string name = body.Prompts.Count == 1 ? "prompt" : $"prompt[{i}]";
            EncodedPrompt prompt = services.Prompts.Encode(
                name, body.Prompts[i], parseSpecial: true, body.AddSpecialTokens ?? true, reserve: body.MaxTokens > 0 ? 1 : 0);
            if (!prompt.Succeeded)
            {
                await exchange.RefuseAsync(prompt.Error);
                return;
            }

            prompts.Add(prompt.Tokens);
        }

        Tokenizer? logprobs = body.Logprobs is null ? null : engine.Tokenizer;
        CompletionEcho? echo = body.Echo ? Echo(engine.Tokenizer, body, prompts) : null;
        await path.RunAsync(
            exchange,
            engine,
            body,
            prompts,
            "cmpl-",
            "prompt",
            (head, output) => new CompletionChunkWriter(
                head, output, prompts.Count, body.Choices, body.IncludeUsage, echo, logprobs, body.RenderSpecialTokens),
            head => new CompletionCollector(head, prompts.Count, body.Choices, echo, logprobs, body.RenderSpecialTokens));
    }

    /// <summary>A text is repeated as it was sent; token ids are repeated as their text.</summary>
    private static CompletionEcho Echo(Tokenizer tokenizer, CompletionBody body, List<IReadOnlyList<int>> prompts) =>
        new([.. body.Prompts.Select((prompt, i) => prompt.Text ?? tokenizer.Decode(prompts[i], body.RenderSpecialTokens))], prompts);
}
