namespace Tiercel.Gateway.Upstreams;

/// <summary>What the gateway routes on, and where it stands in the original bytes.</summary>
internal sealed class ScannedBody
{
    public string? Model { get; set; }

    /// <summary>The value of <c>model</c> with its quotes; empty when it is missing.</summary>
    public ByteRange ModelValue { get; set; }

    public bool Stream { get; set; }

    /// <summary>Whether the client asked for the usage chunk.</summary>
    public bool IncludeUsage { get; set; }

    /// <summary>The value of <c>stream_options.include_usage</c>.</summary>
    public ByteRange IncludeUsageValue { get; set; }

    /// <summary>The value of <c>stream_options</c>.</summary>
    public ByteRange StreamOptionsValue { get; set; }

    /// <summary>The smaller of <c>max_tokens</c> and <c>max_completion_tokens</c>.</summary>
    public int? MaxTokens { get; set; }

    /// <summary><c>n</c>.</summary>
    public int Choices { get; set; } = 1;

    /// <summary>How many prompts a text completion has (an array of strings or of token arrays), else 1.</summary>
    public int Prompts { get; set; } = 1;

    public bool HasSeed { get; set; }

    public string? User { get; set; }

    /// <summary>The value of <c>messages</c>, <c>prompt</c> or <c>input</c>.</summary>
    public ByteRange Prompt { get; set; }

    /// <summary>The value of <c>tools</c>.</summary>
    public ByteRange Tools { get; set; }

    /// <summary>Behind the body's opening brace.</summary>
    public int FirstField { get; set; }
}
