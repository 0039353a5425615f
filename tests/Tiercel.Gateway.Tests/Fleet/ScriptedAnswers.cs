using System.Text;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Fleet;

/// <summary>What a foreign engine sends: whole answers, and streams that end where a test wants them to.</summary>
internal static class ScriptedAnswers
{
    public const string Usage = "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10,\"prompt_tokens_details\":{\"cached_tokens\":2}}";

    public static string Chunk(string text) => $"data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n";

    public static string Finish => "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    public static string UsageChunk => $"data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],{Usage}}}\n\n";

    public static string Done => "data: [DONE]\n\n";

    public static string WholeStream => Chunk("one ") + Chunk("two") + Finish + UsageChunk + Done;

    public static string Json(string body, string status = "200 OK", string headers = "") =>
        $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}";

    public static string WholeJson => Json($"{{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"one two\"}},\"finish_reason\":\"stop\"}}],{Usage}}}");

    public static string StreamHead => "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    public static string Chunked(string bytes) => $"{Encoding.UTF8.GetByteCount(bytes):x}\r\n{bytes}\r\n";

    /// <summary>An engine that answers probes, and requests by the script.</summary>
    public static ScriptedUpstream Engine(Func<ScriptedConnection, string, Task> answer) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is string request)
        {
            if (request.StartsWith("GET ", StringComparison.Ordinal))
            {
                await connection.SendAsync(Json("{}"));
                continue;
            }

            await answer(connection, request);
        }
    });

    /// <summary>An engine that answers as it should.</summary>
    public static ScriptedUpstream Sound() => Engine((connection, request) =>
        connection.SendAsync(request.Contains("\"stream\":true", StringComparison.Ordinal) ? StreamHead + Chunked(WholeStream) + "0\r\n\r\n" : WholeJson));
}
