using Tiercel.Protocols.OpenAI;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>The parameters of text completions.</summary>
internal static class CompletionParameters
{
    public static readonly ParameterTable<CompletionBody> Table = new(
        "/v1/completions",
        [
            .. GenerationParameters.All.Select(parameter =>
                new Parameter<CompletionBody>(parameter.Name, parameter.Treatment, parameter.Summary, parameter.Read)),
            new("prompt", Honoured, "text, token ids, or a batch of up to 2048 of either", (ref r, b) => b.Prompts = PromptReader.Read(ref r)),
            new("max_tokens", Honoured, "default 16; 0 only with echo", (ref r, b) => b.MaxTokens = r.ReadInt(0, int.MaxValue)),
            new("echo", Honoured, "the prompt is part of the text", (ref r, b) => b.Echo = r.ReadBool()),
            new("logprobs", Honoured, "0 to 20 alternatives a token", (ref r, b) => b.Logprobs = r.ReadInt(0, ApiLimits.TopLogprobs)),
            new("best_of", Neutral, "only the value of n", (ref r, b) => b.BestOf = r.ReadInt(0, ApiLimits.Choices)),
            new("suffix", Refused, "inserting is not supported", (ref r, _) => throw r.Unsupported("the model continues text, it does not insert.")),
            new("response_format", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")),
            new("structured_outputs", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")),
            new("grammar", Refused, "not supported yet", (ref r, _) => throw r.Unsupported("structured output is not supported yet.")),
        ]);

    public static void Check(ref BodyReader reader, CompletionBody body)
    {
        if (body.Prompts.Count == 0)
        {
            throw reader.Missing("prompt");
        }

        if (body.BestOf is int bestOf && bestOf != body.Choices)
        {
            reader.Enter("best_of");
            throw reader.UnsupportedValue("it must equal 'n'.");
        }

        body.MaxTokens ??= CompletionBody.DefaultMaxTokens;
        if (body.MaxTokens == 0 && !body.Echo)
        {
            reader.Enter("max_tokens");
            throw reader.Invalid("'max_tokens' may be 0 only with 'echo'.");
        }

        if (body.Choices * body.Prompts.Count > ApiLimits.TotalChoices)
        {
            reader.Enter("n");
            throw reader.Invalid($"'n' times the number of prompts must not be above {ApiLimits.TotalChoices}.");
        }

        // The prompt's log probabilities come with choice 0; in a stream the other choices would have to wait for them.
        if (body is { Stream: true, Echo: true, Logprobs: not null, Choices: > 1 })
        {
            reader.Enter("echo");
            throw reader.Unsupported("streaming 'echo' with 'logprobs' needs 'n' to be 1.");
        }

        GenerationParameters.Check(ref reader, body);
    }
}
