using Tiercel.Protocols.OpenAI;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>The parameters of <c>/tokenize</c> and <c>/detokenize</c>, in vLLM's shapes.</summary>
internal static class TokenizerParameters
{
    public static readonly ParameterTable<TokenizeBody> Tokenize = new(
        "/tokenize",
        new("model", Honoured, "a served name or an alias", (ref r, b) => b.Model = r.ReadString(ApiLimits.ModelNameChars)),
        new("prompt", Honoured, "a text; control tokens in it count", (ref r, b) => b.Prompt = r.ReadString()),
        new("messages", Honoured, "a conversation, in place of prompt", (ref r, b) => b.Messages = MessageReader.Read(ref r)),
        new("add_special_tokens", Honoured, "begin-of-text and the like; default true for prompt", (ref r, b) => b.AddSpecialTokens = r.ReadBool()),
        new("add_generation_prompt", Honoured, "default true", (ref r, b) => b.AddGenerationPrompt = r.ReadBool()),
        new("return_token_strs", Honoured, "adds the text of each token", (ref r, b) => b.ReturnTokenStrings = r.ReadBool()),
        new("chat_template_kwargs", Honoured, "variables for the chat template", (ref r, b) => b.TemplateArguments = ChatParameters.ReadTemplateArguments(ref r)),
        new("continue_final_message", Neutral, "only false", (ref r, _) => GenerationParameters.RequireFalse(ref r)));

    public static readonly ParameterTable<DetokenizeBody> Detokenize = new(
        "/detokenize",
        new("model", Honoured, "a served name or an alias", (ref r, b) => b.Model = r.ReadString(ApiLimits.ModelNameChars)),
        new("tokens", Honoured, "token ids", (ref r, b) => b.Tokens = r.ReadInts(ApiLimits.PromptTokens)));

    public static void Check(ref BodyReader reader, TokenizeBody body)
    {
        if (body.Prompt is null && body.Messages is null)
        {
            throw reader.Missing("prompt");
        }

        if (body.Prompt is not null && body.Messages is not null)
        {
            reader.Enter("messages");
            throw reader.Invalid("send 'prompt' or 'messages', not both.");
        }
    }

    public static void Check(ref BodyReader reader, DetokenizeBody body)
    {
        if (body.Tokens is null)
        {
            throw reader.Missing("tokens");
        }
    }
}
