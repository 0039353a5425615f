using Tiercel.Engine.Sampling;

namespace Tiercel.Engine;

/// <summary>One request in tokens. Immutable; the engine keeps no reference to anything the caller may change.</summary>
public sealed record GenerationRequest
{
    /// <summary>Name of the request in logs; chosen by the edge.</summary>
    public required string Id { get; init; }

    /// <summary>The prompt, special tokens included. At least one token.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>Upper bound on generated tokens of each choice; null means to the end of the context. Zero is legal with <see cref="PromptLogprobs"/>.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How many choices are generated from the prompt, 1 to 128. Their prompt is computed once.</summary>
    public int Choices { get; init; } = 1;

    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Generation of a choice stops before the first of these; they are not part of the text.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>When not null, log probabilities of the prompt's tokens are reported, with this many alternatives each.</summary>
    public int? PromptLogprobs { get; init; }

    /// <summary>Whether special tokens are part of the text. Off for chat.</summary>
    public bool RenderSpecialTokens { get; init; }

    /// <summary>Requests share cached prefixes only within one salt; the edge derives it from the tenant.</summary>
    public string CacheSalt { get; init; } = "";

    /// <summary>Lower is more urgent; 0 is the default.</summary>
    public int Priority { get; init; }

    /// <summary>
    /// Continues a request that another engine of the same <see cref="Models.ModelDescription.NumericsId"/> had begun: one entry a choice. What follows is what
    /// the other one would have sent. Null for a request that begins here.
    /// </summary>
    public IReadOnlyList<ResumedChoice>? Resume { get; init; }
}
