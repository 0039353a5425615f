using Tiercel.Engine;
using Tiercel.Gateway.Prompts;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary><c>POST /tokenize</c>.</summary>
internal sealed class TokenizeEndpoint(GatewayServices services) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!RequestBodies.TryReadTokenize(bytes.Bytes, out TokenizeBody? body, out ApiError? error)
            || !services.Models.TryResolve(body.Model, out IInferenceEngine? engine, out error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        exchange.Model = engine.Model.Name;
        if (body.Prompt is "" && body.AddSpecialTokens == false)
        {
            await SendAsync(exchange, engine, [], body.ReturnTokenStrings);
            return;
        }

        EncodedPrompt prompt = body.Messages is null
            ? services.Prompts.Encode("prompt", new PromptInput(body.Prompt, null), parseSpecial: true, body.AddSpecialTokens ?? true, reserve: 0)
            : services.Prompts.EncodeChat(body.Messages, body.AddGenerationPrompt, body.AddSpecialTokens, null, body.TemplateArguments, reserve: 0);
        if (!prompt.Succeeded)
        {
            await exchange.RefuseAsync(prompt.Error);
            return;
        }

        await SendAsync(exchange, engine, [.. prompt.Tokens], body.ReturnTokenStrings);
    }

    private static Task SendAsync(Exchange exchange, IInferenceEngine engine, int[] tokens, bool texts) => exchange.SendJsonAsync(
        (tokens, engine.Model.ContextLength, Texts: texts ? engine.Tokenizer : null),
        static (output, answer) => TokenizeAnswer.WriteTokens(output, answer.tokens, answer.ContextLength, answer.Texts));
}
