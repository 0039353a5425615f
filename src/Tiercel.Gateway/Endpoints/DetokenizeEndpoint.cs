using Tiercel.Engine;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary><c>POST /detokenize</c>.</summary>
internal sealed class DetokenizeEndpoint(GatewayServices services) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!RequestBodies.TryReadDetokenize(bytes.Bytes, out DetokenizeBody? body, out ApiError? error)
            || !services.Models.TryResolve(body.Model, out IInferenceEngine? engine, out error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        exchange.Model = engine.Model.Name;
        int vocabulary = engine.Tokenizer.VocabularySize;
        int wrong = body.Tokens!.FirstOrDefault(token => token >= vocabulary, -1);
        if (wrong >= 0)
        {
            await exchange.RefuseAsync(ApiErrors.InvalidValue("tokens", $"'tokens' holds {wrong}; this model has tokens 0 to {vocabulary - 1}."));
            return;
        }

        string text = engine.Tokenizer.Decode(body.Tokens!, renderSpecial: true);
        await exchange.SendJsonAsync(text, static (output, text) => TokenizeAnswer.WriteText(output, text));
    }
}
