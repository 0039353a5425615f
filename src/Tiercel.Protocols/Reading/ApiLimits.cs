namespace Tiercel.Protocols.Reading;

/// <summary>How much of everything one request may hold. Each bound is far above honest use and keeps a hostile body cheap.</summary>
internal static class ApiLimits
{
    public const int Choices = 128;

    public const int StopStrings = 16;

    public const int StopChars = 1024;

    public const int StopTokens = 256;

    public const int TopLogprobs = 20;

    public const int LogitBiases = 1024;

    public const int Messages = 16_384;

    public const int ContentParts = 4096;

    /// <summary>Prompts of a text completion, or inputs of an embeddings request.</summary>
    public const int Prompts = 2048;

    /// <summary>Prompts times choices.</summary>
    public const int TotalChoices = 4096;

    /// <summary>Token ids in all prompts of a request together.</summary>
    public const int PromptTokens = 4_000_000;

    public const int LabelChars = 1024;

    /// <summary>Bytes of tool calls of one message, or of template arguments.</summary>
    public const int FreeFormBytes = 256 * 1024;

    public const int ModelNameChars = 256;
}
