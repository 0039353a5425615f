using Tiercel.Engine.Models;

namespace Tiercel.Engine.Serving;

/// <summary>What a request may say about where it was.</summary>
internal static class ResumeRules
{
    /// <summary>What is wrong, or null. That tokens go on after their own end is found later, by replaying them.</summary>
    public static EngineError? Check(GenerationRequest request, ModelDescription model)
    {
        if (request.Resume is not { } choices)
        {
            return null;
        }

        if (choices.Count != request.Choices)
        {
            return Invalid($"has {choices.Count} choices, and the request {request.Choices}");
        }

        if (request.PromptLogprobs is not null)
        {
            return Invalid("cannot be used with log probabilities of the prompt, which were sent before");
        }

        for (int i = 0; i < choices.Count; i++)
        {
            if (CheckChoice(request, model, i, choices[i].Tokens) is EngineError error)
            {
                return error;
            }
        }

        return null;
    }

    private static EngineError? CheckChoice(GenerationRequest request, ModelDescription model, int choice, IReadOnlyList<int> tokens)
    {
        if (tokens.Count > request.MaxTokens)
        {
            return Invalid($"has {tokens.Count} tokens of choice {choice}, and the request allows {request.MaxTokens}");
        }

        if (tokens.Count > model.ContextLength - request.Prompt.Count)
        {
            return Invalid($"has {tokens.Count} tokens of choice {choice} after a prompt of {request.Prompt.Count}, and the context is {model.ContextLength}");
        }

        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)model.VocabularySize)
            {
                return Invalid($"has token {token}, and the vocabulary has {model.VocabularySize}");
            }
        }

        return null;
    }

    private static EngineError Invalid(string what) => new(EngineErrorKind.InvalidRequest, $"'resume' {what}", "resume");
}
