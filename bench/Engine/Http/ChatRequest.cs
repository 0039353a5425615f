using System.Text;
using System.Text.Json;
using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Http;

/// <summary>A message of a conversation.</summary>
internal sealed record ChatMessage(string Role, string Content);

/// <summary>One streamed chat completion: greedy, to its full length.</summary>
internal static class ChatRequest
{
    /// <summary>Sends it and reads its events: when each piece of text came, the text, and the tokens that the server counted.</summary>
    /// <param name="arrived">Called for each piece.</param>
    public static async Task<(StreamTimes Times, string Text, int Tokens)> SendAsync(
        HttpClient http, ServerProcess server, IReadOnlyList<ChatMessage> messages, int outputs, Action? arrived = null, CancellationToken cancellationToken = default)
    {
        var body = new
        {
            model = server.Model,
            messages = messages.Select(message => new { role = message.Role, content = message.Content }),
            max_tokens = outputs,
            temperature = 0,
            ignore_eos = true,
            stream = true,
            stream_options = new { include_usage = true },
        };
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(server.Address, "v1/chat/completions"))
        {
            Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        };
        // Each request on a connection of its own, for both: the peer closes kept connections at moments of its own choice, and a request that is on its way then fails the run.
        request.Headers.ConnectionClose = true;
        long start = Clock.Now;
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        List<long> times = [];
        StringBuilder text = new();
        int tokens = 0;
        using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellationToken) is string line)
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
            {
                continue;
            }

            using JsonDocument news = JsonDocument.Parse(line.AsMemory(6));
            if (PieceOf(news.RootElement) is { Length: > 0 } piece)
            {
                times.Add(Clock.Now);
                text.Append(piece);
                arrived?.Invoke();
            }

            if (news.RootElement.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object)
            {
                tokens = usage.GetProperty("completion_tokens").GetInt32();
            }
        }

        return (new StreamTimes(start, times), text.ToString(), tokens);
    }

    private static string? PieceOf(JsonElement news)
        => news.TryGetProperty("choices", out JsonElement choices) && choices.GetArrayLength() > 0
            && choices[0].TryGetProperty("delta", out JsonElement delta)
            && delta.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String
                ? content.GetString()
                : null;
}
