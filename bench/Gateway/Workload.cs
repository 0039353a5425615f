using System.Text;

namespace Tiercel.Bench.Gateway;

/// <summary>A request that is sent again and again. Prompts look like prompts: text with line ends and quotes, which JSON escapes.</summary>
/// <param name="RequestsPerSecond">Rate of the latency phase: a small part of what any of the contenders can do.</param>
internal sealed record Workload(string Name, double RequestsPerSecond, string Json)
{
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("small", 400, Chat(1_000, stream: false)),
        new("sse", 400, Chat(1_000, stream: true)),
        new("large", 100, Chat(100_000, stream: false)),
        new("large-sse", 100, Chat(100_000, stream: true)),
        new("huge", 50, Chat(408_000, stream: false)),
        new("huge-sse", 50, Chat(408_000, stream: true)),
    ];

    /// <summary>A stream that stays open after its first event.</summary>
    public static Workload Held { get; } = new("held", 0, Chat(1_000, stream: true).Replace("\"stream\":true", "\"stream\":true,\"user\":\"hold\"", StringComparison.Ordinal));

    /// <summary>The bytes of the whole request.</summary>
    public byte[] Request(string fields) => Encoding.ASCII.GetBytes(
        $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{fields}Content-Length: {Json.Length}\r\n\r\n{Json}");

    private static string Chat(int bytes, bool stream)
    {
        StringBuilder prompt = new();
        for (int line = 0; prompt.Length < bytes; line++)
        {
            prompt.Append("Line ").Append(line).Append(" of a prompt says \\\"something\\\" about nothing much, at some length, and ends.\\n");
        }

        return $"{{\"model\":\"m\",\"stream\":{(stream ? "true" : "false")},\"max_tokens\":64,\"messages\":[{{\"role\":\"user\",\"content\":\"{prompt}\"}}]}}";
    }
}
