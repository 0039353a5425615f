using Tiercel.Engine;
using Tiercel.Engine.Sampling;
using Tiercel.Protocols.Errors;

namespace Tiercel.Protocols.OpenAI;

/// <summary>Turns a checked body into what the engine takes.</summary>
public static class EngineRequests
{
    /// <summary>Finds what only the model's vocabulary can show to be wrong.</summary>
    public static ApiError? CheckVocabulary(GenerationBody body, int vocabularySize)
    {
        if (body.LogitBias is not null)
        {
            foreach (int token in body.LogitBias.Keys)
            {
                if (token >= vocabularySize)
                {
                    return ApiErrors.InvalidValue($"logit_bias.{token}", $"'logit_bias' names token {token}; this model has tokens 0 to {vocabularySize - 1}.");
                }
            }
        }

        foreach (int token in body.StopTokens)
        {
            if (token >= vocabularySize)
            {
                return ApiErrors.InvalidValue("stop_token_ids", $"'stop_token_ids' names token {token}; this model has tokens 0 to {vocabularySize - 1}.");
            }
        }

        return null;
    }

    /// <param name="body">The checked body.</param>
    /// <param name="id">Identity of this one prompt.</param>
    /// <param name="prompt">Its tokens.</param>
    /// <param name="seed">Used where the client gave none.</param>
    /// <param name="cacheSalt">Salt of the tenant and of the request.</param>
    /// <param name="dryBreakers">Tokens of the body's sequence breakers.</param>
    public static GenerationRequest Build(
        GenerationBody body, string id, IReadOnlyList<int> prompt, ulong seed, string cacheSalt, IReadOnlyList<int> dryBreakers) => new()
        {
            Id = id,
            Prompt = prompt,
            MaxTokens = body.MaxTokens,
            Choices = body.Choices,
            StopStrings = body.Stop,
            PromptLogprobs = PromptLogprobs(body),
            RenderSpecialTokens = body.RenderSpecialTokens,
            CacheSalt = cacheSalt,
            Priority = body.Priority,
            Sampling = new SamplingOptions
            {
                Temperature = body.Temperature,
                TopK = body.TopK,
                TopP = body.TopP,
                MinP = body.MinP,
                TypicalP = body.TypicalP,
                RepetitionPenalty = body.RepetitionPenalty,
                PresencePenalty = body.PresencePenalty,
                FrequencyPenalty = body.FrequencyPenalty,
                DryMultiplier = body.DryMultiplier,
                DryBase = body.DryBase,
                DryAllowedLength = body.DryAllowedLength,
                DryWindow = body.DryWindow,
                DryBreakers = dryBreakers,
                LogitBias = body.LogitBias,
                Seed = body.Seed is long given ? unchecked((ulong)given) : seed,
                Logprobs = body.Logprobs,
                MinTokens = body.MinTokens,
                IgnoreEos = body.IgnoreEos,
                StopTokens = body.StopTokens,
                Order = body.Order,
            },
        };

    /// <summary>Echoed prompts have log probabilities too; and the engine generates nothing only where it has a prompt to score.</summary>
    private static int? PromptLogprobs(GenerationBody body) =>
        body is CompletionBody { Echo: true } completion
            ? completion.Logprobs ?? (completion.MaxTokens == 0 ? 0 : null)
            : null;
}
