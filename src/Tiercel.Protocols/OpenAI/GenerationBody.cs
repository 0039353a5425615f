using Tiercel.Engine.Sampling;

namespace Tiercel.Protocols.OpenAI;

/// <summary>What chat completions and text completions have in common, as the client wrote it; null where it wrote nothing.</summary>
public abstract class GenerationBody
{
    public string? Model { get; set; }

    public bool Stream { get; set; }

    /// <summary>Whether the stream ends with a chunk that holds the usage.</summary>
    public bool IncludeUsage { get; set; }

    public bool HasStreamOptions { get; set; }

    public int Choices { get; set; } = 1;

    public int? MaxTokens { get; set; }

    public float Temperature { get; set; } = 1f;

    public float TopP { get; set; } = 1f;

    public int TopK { get; set; }

    public float MinP { get; set; }

    public float TypicalP { get; set; } = 1f;

    public float RepetitionPenalty { get; set; } = 1f;

    public float PresencePenalty { get; set; }

    public float FrequencyPenalty { get; set; }

    public float DryMultiplier { get; set; }

    public float DryBase { get; set; } = 1.75f;

    public int DryAllowedLength { get; set; } = 2;

    public int DryWindow { get; set; }

    public IReadOnlyList<string> DryBreakers { get; set; } = ["\n", ":", "\"", "*"];

    public Dictionary<int, float>? LogitBias { get; set; }

    public long? Seed { get; set; }

    /// <summary>When not null, log probabilities are part of the answer, with this many alternatives.</summary>
    public int? Logprobs { get; set; }

    public int MinTokens { get; set; }

    public bool IgnoreEos { get; set; }

    public IReadOnlyList<int> StopTokens { get; set; } = [];

    public IReadOnlyList<string> Stop { get; set; } = [];

    public bool RenderSpecialTokens { get; set; }

    public bool? AddSpecialTokens { get; set; }

    public SamplingOrder Order { get; set; }

    public int Priority { get; set; }

    public string CacheSalt { get; set; } = "";
}
