namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>What the routed fields are called.</summary>
internal static class RoutedFieldNames
{
    public static RoutedFields Find(ReadOnlySpan<byte> name, BodyKind kind) => name.Length switch
    {
        1 when name[0] == 'n' => RoutedFields.Choices,
        4 when name.SequenceEqual("seed"u8) => RoutedFields.Seed,
        4 when name.SequenceEqual("user"u8) => RoutedFields.User,
        5 when name.SequenceEqual("model"u8) => RoutedFields.Model,
        5 when kind == BodyKind.Chat && name.SequenceEqual("tools"u8) => RoutedFields.Tools,
        5 when kind == BodyKind.Embeddings && name.SequenceEqual("input"u8) => RoutedFields.Prompt,
        6 when name.SequenceEqual("stream"u8) => RoutedFields.Stream,
        6 when kind == BodyKind.Completion && name.SequenceEqual("prompt"u8) => RoutedFields.Prompt,
        8 when kind == BodyKind.Chat && name.SequenceEqual("messages"u8) => RoutedFields.Prompt,
        10 when name.SequenceEqual("max_tokens"u8) => RoutedFields.MaxTokens,
        14 when name.SequenceEqual("stream_options"u8) => RoutedFields.StreamOptions,
        21 when name.SequenceEqual("max_completion_tokens"u8) => RoutedFields.MaxCompletionTokens,
        _ => RoutedFields.None,
    };

    public static string Name(RoutedFields field, BodyKind kind) => field switch
    {
        RoutedFields.Model => "model",
        RoutedFields.Stream => "stream",
        RoutedFields.StreamOptions => "stream_options",
        RoutedFields.MaxTokens => "max_tokens",
        RoutedFields.MaxCompletionTokens => "max_completion_tokens",
        RoutedFields.Choices => "n",
        RoutedFields.Seed => "seed",
        RoutedFields.User => "user",
        RoutedFields.Tools => "tools",
        _ => kind switch
        {
            BodyKind.Chat => "messages",
            BodyKind.Completion => "prompt",
            _ => "input",
        },
    };
}
