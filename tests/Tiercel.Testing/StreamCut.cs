using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tiercel.Testing;

/// <summary>What a gateway knows of a stream after some of its events, and what it asks another worker for; made from the wire alone.</summary>
public sealed class StreamCut
{
    private readonly SortedDictionary<int, (List<int> Tokens, bool Finished)> _choices = [];

    private StreamCut(IEnumerable<string> events)
    {
        foreach (string news in events)
        {
            string[] lines = news.Split('\n');
            foreach (string comment in lines.Where(line => line.StartsWith(": t ", StringComparison.Ordinal)))
            {
                int[] numbers = [.. comment[4..].Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
                (List<int> tokens, _) = _choices.TryGetValue(numbers[0], out var known) ? known : ([], false);
                tokens.AddRange(numbers[1..]);
                _choices[numbers[0]] = (tokens, IsEnd(lines[^1]));
            }
        }
    }

    /// <summary>The events after which the stream goes on elsewhere.</summary>
    public static string ResumeBody(string path, string body, IEnumerable<string> events, bool begun = true)
    {
        StreamCut cut = new(events);
        JsonArray choices = [.. cut._choices.Select(pair =>
        {
            JsonObject choice = new()
            {
                ["index"] = pair.Key,
                ["tokens"] = new JsonArray([.. pair.Value.Tokens.Select(token => (JsonNode)token)]),
                ["finished"] = pair.Value.Finished,
            };
            if (begun)
            {
                choice["begun"] = true;
            }

            return choice;
        })];
        return $$"""{"path":{{JsonSerializer.Serialize(path)}},"choices":{{choices.ToJsonString()}},"body":{{body}}}""";
    }

    /// <summary>What a client sees of a choice: its chunks as they are, without the worker's comments.</summary>
    public static string ChunksOf(IEnumerable<string> events, int choice) =>
        string.Concat(events.Select(DataOf).Where(data => ChoiceOf(data) == choice).Select(data => data + "\n"));

    /// <summary>What comes after all choices.</summary>
    public static string TailOf(IEnumerable<string> events) => string.Concat(events.Select(DataOf).Where(data => ChoiceOf(data) is null).Select(WithoutCacheHits));

    public static int Choices(IEnumerable<string> events) => events.Select(DataOf).Max(data => ChoiceOf(data) ?? 0) + 1;

    private static string DataOf(string news) => news.Split('\n')[^1]["data: ".Length..];

    private static int? ChoiceOf(string data) =>
        data != "[DONE]" && JsonElement.Parse(data).GetProperty("choices") is var choices && choices.GetArrayLength() > 0
            ? choices[0].GetProperty("index").GetInt32()
            : null;

    private static bool IsEnd(string line) =>
        line != "data: [DONE]" && JsonElement.Parse(line["data: ".Length..]).GetProperty("choices")[0].GetProperty("finish_reason").ValueKind == JsonValueKind.String;

    /// <summary>How much of a prompt is in a worker's cache is the worker's own.</summary>
    private static string WithoutCacheHits(string data)
    {
        if (data == "[DONE]")
        {
            return data;
        }

        JsonNode node = JsonNode.Parse(data)!;
        ((JsonObject)node["usage"]!).Remove("prompt_tokens_details");
        return node.ToJsonString() + "\n";
    }
}
