using System.Text.Json;
using Tiercel.Protocols.OpenAI;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>The parameters of chat completions.</summary>
internal static class ChatParameters
{
    private const string NoTools = "tools are not supported yet.";

    /// <summary>Template variables that the server sets itself.</summary>
    private static readonly string[] ReservedArguments =
        ["messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token", "chat_template", "tokenize", "strftime_now", "raise_exception"];

    private static readonly ParameterTable<ChatCompletionBody> ResponseFormat = new(
        "response_format",
        new("type", Neutral, "only text", (ref r, _) => RequireOneOf(ref r, "structured output is not supported yet; only 'text'.", "text")),
        new("json_schema", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")));

    public static readonly ParameterTable<ChatCompletionBody> Table = new(
        "/v1/chat/completions",
        [
            .. GenerationParameters.All.Select(parameter =>
                new Parameter<ChatCompletionBody>(parameter.Name, parameter.Treatment, parameter.Summary, parameter.Read)),
            new("messages", Honoured, "at least one; text only", (ref r, b) => b.Messages = MessageReader.Read(ref r)),
            new("max_completion_tokens", Honoured, "at least 1; default: to the end of the context", (ref r, b) => b.MaxCompletionTokens = r.ReadInt(1, int.MaxValue)),
            new("max_tokens", Honoured, "the older name of max_completion_tokens", (ref r, b) => b.MaxTokens = r.ReadInt(1, int.MaxValue)),
            new("logprobs", Honoured, "log probabilities of the answer's tokens", (ref r, b) => b.LogprobsAsked = r.ReadBool()),
            new("top_logprobs", Honoured, "0 to 20; only with logprobs", (ref r, b) => b.TopLogprobs = r.ReadInt(0, ApiLimits.TopLogprobs)),
            new("reasoning_effort", Honoured, "given to a chat template that reads it; otherwise only the default, medium", (ref r, b) => b.ReasoningEffort = r.ReadString(32)),
            new("chat_template_kwargs", Honoured, "variables for the chat template (enable_thinking)", (ref r, b) => b.TemplateArguments = ReadTemplateArguments(ref r)),
            new("add_generation_prompt", Honoured, "whether the prompt ends with the opening of an answer", (ref r, b) => b.AddGenerationPrompt = r.ReadBool()),
            new("tools", Neutral, "only []; not supported yet", (ref r, _) => RequireEmpty(ref r, NoTools)),
            new("functions", Neutral, "only []", (ref r, _) => RequireEmpty(ref r, NoTools)),
            new("tool_choice", Neutral, "only none or auto; not supported yet", (ref r, _) => RequireOneOf(ref r, NoTools, "none", "auto")),
            new("function_call", Neutral, "only none or auto", (ref r, _) => RequireOneOf(ref r, NoTools, "none", "auto")),
            new("parallel_tool_calls", Neutral, "no tools, no calls", (ref r, _) => r.ReadBool()),
            new("response_format", Neutral, "only {\"type\":\"text\"}; not supported yet", (ref r, b) => ResponseFormat.Read(ref r, b)),
            new("modalities", Neutral, "only [\"text\"]", (ref r, _) => RequireTextOnly(ref r)),
            new("metadata", Neutral, "labels", (ref r, _) => { r.ExpectObject(); r.Skip(); }),
            new("store", Neutral, "only false", (ref r, _) => GenerationParameters.RequireFalse(ref r)),
            new("service_tier", Neutral, "only auto or default", (ref r, _) => RequireOneOf(ref r, "there is one tier; 'auto' or 'default'.", "auto", "default")),
            new("prediction", Neutral, "a hint for speed", (ref r, _) => { r.ExpectObject(); r.Skip(); }),
            new("prompt_cache_key", Neutral, "a label; prefixes are cached anyway", (ref r, _) => r.ReadString(ApiLimits.LabelChars)),
            new("prompt_cache_retention", Neutral, "only in_memory", (ref r, _) => RequireOneOf(ref r, "only 'in_memory'.", "in_memory", "in-memory")),
            new("safety_identifier", Neutral, "a label", (ref r, _) => r.ReadString(ApiLimits.LabelChars)),
            new("verbosity", Neutral, "only medium", (ref r, _) => RequireOneOf(ref r, "only 'medium'.", "medium")),
            new("echo", Neutral, "only false", (ref r, _) => GenerationParameters.RequireFalse(ref r)),
            new("audio", Refused, "text only", (ref r, _) => throw r.Unsupported("this model writes text only.")),
            new("web_search_options", Refused, "the server does not search the web", (ref r, _) => throw r.Unsupported("the server does not search the web.")),
            new("chat_template", Refused, "the model's own is used", (ref r, _) => throw r.Unsupported("the model's own template is used.")),
            new("grammar", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")),
            new("structured_outputs", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")),
            new("continue_final_message", Neutral, "only false", (ref r, _) => GenerationParameters.RequireFalse(ref r)),
        ]);

    /// <summary>Checks what one field says against another, and settles what two names mean.</summary>
    public static void Check(ref BodyReader reader, ChatCompletionBody body)
    {
        if (body.Messages.Count == 0)
        {
            throw reader.Missing("messages");
        }

        if (body.MaxCompletionTokens is int limit)
        {
            if (body.MaxTokens is int older && older != limit)
            {
                reader.Enter("max_tokens");
                throw reader.Invalid("'max_tokens' and 'max_completion_tokens' are one limit under two names, and differ here.");
            }

            body.MaxTokens = limit;
        }

        if (body.TopLogprobs is not null && !body.LogprobsAsked)
        {
            reader.Enter("top_logprobs");
            throw reader.Invalid("'top_logprobs' is only allowed when 'logprobs' is true.");
        }

        body.Logprobs = body.LogprobsAsked ? body.TopLogprobs ?? 0 : null;
        GenerationParameters.Check(ref reader, body);
    }

    public static Dictionary<string, JsonElement> ReadTemplateArguments(ref BodyReader reader)
    {
        reader.ExpectObject();
        JsonElement arguments = reader.ReadElement(ApiLimits.FreeFormBytes);
        Dictionary<string, JsonElement> byName = new(StringComparer.Ordinal);
        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            if (ReservedArguments.Contains(argument.Name, StringComparer.Ordinal))
            {
                reader.Enter(argument.Name);
                throw reader.Unsupported("the server sets this variable itself.");
            }

            byName.Add(argument.Name, argument.Value);
        }

        return byName;
    }

    private static void RequireEmpty(ref BodyReader reader, string reason)
    {
        reader.ExpectArray();
        if (reader.NextElement())
        {
            throw reader.Unsupported(reason);
        }
    }

    private static void RequireOneOf(ref BodyReader reader, string reason, params ReadOnlySpan<string> allowed)
    {
        if (reader.Token != JsonTokenType.String || !allowed.Contains(reader.ReadString(ApiLimits.LabelChars)))
        {
            throw reader.UnsupportedValue(reason);
        }
    }

    private static void RequireTextOnly(ref BodyReader reader)
    {
        List<string> modalities = reader.ReadStrings(8, ApiLimits.LabelChars);
        if (modalities is not ["text"])
        {
            throw reader.UnsupportedValue("only [\"text\"].");
        }
    }
}
