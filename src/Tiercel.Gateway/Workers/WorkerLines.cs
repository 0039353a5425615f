using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Workers;

/// <summary>The lines of a worker's event stream: one JSON object each.</summary>
internal static class WorkerLines
{
    /// <summary>Names in one line, except for the chain of a prompt, which stays whole.</summary>
    public const int BlocksPerLine = 1024;

    public static byte[] Stored(string generation, long sequence, ulong parent, ReadOnlySpan<ulong> blocks)
    {
        ArrayBufferWriter<byte> line = new(64 + (20 * blocks.Length));
        using (Utf8JsonWriter json = Begin(line, generation, sequence))
        {
            json.WriteStartObject("stored"u8);
            if (parent == 0)
            {
                json.WriteNull("parent"u8);
            }
            else
            {
                json.WriteString("parent"u8, Name(parent));
            }

            WriteNames(json, "blocks"u8, blocks);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return End(line);
    }

    public static byte[] Removed(string generation, long sequence, ReadOnlySpan<ulong> blocks)
    {
        ArrayBufferWriter<byte> line = new(64 + (20 * blocks.Length));
        using (Utf8JsonWriter json = Begin(line, generation, sequence))
        {
            WriteNames(json, "removed"u8, blocks);
            json.WriteEndObject();
        }

        return End(line);
    }

    public static byte[] Prompt(string generation, long sequence, long request, int tokens, ReadOnlySpan<ulong> blocks)
    {
        ArrayBufferWriter<byte> line = new(96 + (20 * blocks.Length));
        using (Utf8JsonWriter json = Begin(line, generation, sequence))
        {
            json.WriteStartObject("prompt"u8);
            json.WriteNumber("request"u8, request);
            json.WriteNumber("tokens"u8, tokens);
            WriteNames(json, "blocks"u8, blocks);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return End(line);
    }

    public static byte[] Snapshot(string generation, long sequence, ReadOnlySpan<ulong> blocks, bool last)
    {
        ArrayBufferWriter<byte> line = new(96 + (20 * blocks.Length));
        using (Utf8JsonWriter json = Begin(line, generation, sequence))
        {
            json.WriteStartObject("snapshot"u8);
            WriteNames(json, "blocks"u8, blocks);
            json.WriteBoolean("last"u8, last);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return End(line);
    }

    public static byte[] Status(string generation, long sequence, WorkerStatus status)
    {
        ArrayBufferWriter<byte> line = new(320);
        using (Utf8JsonWriter json = Begin(line, generation, sequence))
        {
            json.WriteStartObject("status"u8);
            json.WriteNumber("running"u8, status.Running);
            json.WriteNumber("waiting"u8, status.Waiting);
            json.WriteNumber("free_blocks"u8, status.FreeBlocks);
            json.WriteNumber("cached_blocks"u8, status.CachedBlocks);
            json.WriteNumber("total_blocks"u8, status.TotalBlocks);
            json.WriteNumber("steps"u8, status.Steps);
            json.WriteNumber("prompt_tokens"u8, status.PromptTokens);
            json.WriteNumber("generated_tokens"u8, status.GeneratedTokens);
            json.WriteBoolean("alive"u8, status.IsAlive);
            json.WriteBoolean("draining"u8, status.IsDraining);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return End(line);
    }

    /// <summary>Reads one line, without its end.</summary>
    /// <param name="blockTokens">Tokens in a block of the worker that says it.</param>
    /// <exception cref="WorkerProtocolException">No worker writes such a line.</exception>
    public static (WorkerEvent News, WorkerStatus? Status) Read(ReadOnlySequence<byte> line, int blockTokens)
    {
        WorkerLineReader reader = new(line);
        try
        {
            return reader.Read(blockTokens);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new WorkerProtocolException($"a line of the event stream is not what a worker writes: {error.Message}");
        }
    }

    public static string Name(ulong block) => block.ToString("x16", CultureInfo.InvariantCulture);

    private static Utf8JsonWriter Begin(ArrayBufferWriter<byte> line, string generation, long sequence)
    {
        Utf8JsonWriter json = new(line, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("generation"u8, generation);
        json.WriteNumber("seq"u8, sequence);
        return json;
    }

    private static byte[] End(ArrayBufferWriter<byte> line)
    {
        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }

    private static void WriteNames(Utf8JsonWriter json, ReadOnlySpan<byte> property, ReadOnlySpan<ulong> blocks)
    {
        Span<char> name = stackalloc char[16];
        json.WriteStartArray(property);
        foreach (ulong block in blocks)
        {
            block.TryFormat(name, out _, "x16", CultureInfo.InvariantCulture);
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }
}
