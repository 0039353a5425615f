namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>The fields of a body that the gateway reads.</summary>
[Flags]
internal enum RoutedFields
{
    None = 0,
    Model = 1,
    Stream = 2,
    StreamOptions = 4,
    MaxTokens = 8,
    MaxCompletionTokens = 16,

    /// <summary><c>n</c>.</summary>
    Choices = 32,

    Seed = 64,
    User = 128,
    Tools = 256,

    /// <summary>Whatever holds the prompt in the API at hand.</summary>
    Prompt = 512,
}
