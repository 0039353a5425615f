namespace Tiercel.Gateway.Upstreams;

/// <summary>What the gateway routes on, and where it stands in the original bytes.</summary>
internal sealed record ScannedBody
{
    public string? Model { get; init; }

    /// <summary>The value of <c>model</c> with its quotes; empty when it is missing.</summary>
    public ByteRange ModelValue { get; init; }

    public bool Stream { get; init; }

    /// <summary>Whether the client asked for the usage chunk.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>The value of <c>stream_options.include_usage</c>.</summary>
    public ByteRange IncludeUsageValue { get; init; }

    /// <summary>The value of <c>stream_options</c>.</summary>
    public ByteRange StreamOptionsValue { get; init; }

    /// <summary>The smaller of <c>max_tokens</c> and <c>max_completion_tokens</c>.</summary>
    public int? MaxTokens { get; init; }

    /// <summary><c>n</c>.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>How many prompts a text completion has (an array of strings or of token arrays), else 1.</summary>
    public int Prompts { get; init; } = 1;

    public bool HasSeed { get; init; }

    public string? User { get; init; }

    /// <summary>The value of <c>messages</c>, <c>prompt</c> or <c>input</c>.</summary>
    public ByteRange Prompt { get; init; }

    /// <summary>The value of <c>tools</c>.</summary>
    public ByteRange Tools { get; init; }
}
