using Tiercel.Engine;
using Tiercel.Engine.Tokenization;
using Tiercel.Gateway.Prompts;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(GatewayServices services, GenerationPath path) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!RequestBodies.TryReadChat(bytes.Bytes, out ChatCompletionBody? body, out ApiError? error))
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
        EncodedPrompt prompt = services.Prompts.EncodeChat(
            body.Messages, body.AddGenerationPrompt, body.AddSpecialTokens, body.ReasoningEffort, body.TemplateArguments, reserve: 1, exchange.Peer?.Created);
        if (!prompt.Succeeded)
        {
            await exchange.RefuseAsync(prompt.Error);
            return;
        }

        Tokenizer? logprobs = body.Logprobs is null ? null : engine.Tokenizer;
        await path.RunAsync(
            exchange,
            engine,
            body,
            [prompt.Tokens],
            "chatcmpl-",
            "messages",
            (head, output) => new ChatChunkWriter(head, output, body.Choices, body.IncludeUsage, logprobs),
            head => new ChatCollector(head, body.Choices, logprobs));
    }
}
