using System.Buffers;
using System.Text.Json;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Workers;

/// <summary>What a worker says of itself, <c>GET /internal/info</c>.</summary>
internal sealed record WorkerInfo
{
    public required string Name { get; init; }

    public required string Model { get; init; }

    public required string NumericsId { get; init; }

    /// <summary>Changes with each start of the worker.</summary>
    public required string Generation { get; init; }

    /// <summary>Tokens in a block of its cache; 0 where it has none (encoders).</summary>
    public int BlockTokens { get; init; }

    /// <summary>Tokens that its cache holds.</summary>
    public long KvTokens { get; init; }

    /// <summary>Choices that it computes at once.</summary>
    public int MaxSequences { get; init; }

    public int ContextLength { get; init; }

    /// <summary>As measured at its start; null where it could not be measured.</summary>
    public ReplicaProfile? Profile { get; init; }

    public static void Write(IBufferWriter<byte> output, WorkerInfo info)
    {
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteString("name"u8, info.Name);
        json.WriteString("model"u8, info.Model);
        json.WriteString("numerics_id"u8, info.NumericsId);
        json.WriteString("generation"u8, info.Generation);
        json.WriteNumber("block_tokens"u8, info.BlockTokens);
        json.WriteNumber("kv_tokens"u8, info.KvTokens);
        json.WriteNumber("max_sequences"u8, info.MaxSequences);
        json.WriteNumber("context_length"u8, info.ContextLength);
        if (info.Profile is ReplicaProfile profile)
        {
            json.WriteStartObject("profile"u8);
            json.WriteNumber("prefill_s_per_token"u8, profile.PrefillSecondsPerToken);
            json.WriteNumber("prefill_s_per_pair"u8, profile.PrefillSecondsPerPair);
            json.WriteNumber("decode_base_s"u8, profile.DecodeBaseSeconds);
            json.WriteNumber("decode_s_per_sequence"u8, profile.DecodeSecondsPerSequence);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("profile"u8);
        }

        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> has written. Fields of later versions are passed over.</summary>
    /// <exception cref="WorkerProtocolException">It is something else.</exception>
    public static WorkerInfo Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement root = document.RootElement;
            return new WorkerInfo
            {
                Name = Text("name"),
                Model = Text("model"),
                NumericsId = Text("numerics_id"),
                Generation = Text("generation"),
                BlockTokens = (int)Number("block_tokens", 1 << 20),
                KvTokens = Number("kv_tokens", 1L << 40),
                MaxSequences = (int)Number("max_sequences", int.MaxValue),
                ContextLength = (int)Number("context_length", int.MaxValue),
                Profile = root.GetProperty("profile") is { ValueKind: JsonValueKind.Object } profile
                    ? new ReplicaProfile(
                        Seconds(profile, "prefill_s_per_token"),
                        Seconds(profile, "prefill_s_per_pair"),
                        Seconds(profile, "decode_base_s"),
                        Seconds(profile, "decode_s_per_sequence"))
                    : null,
            };

            string Text(string name) => root.GetProperty(name).GetString() is { Length: <= 1024 } text ? text : throw Wrong(name);

            long Number(string name, long max) => root.GetProperty(name).GetInt64() is >= 0 and long number && number <= max ? number : throw Wrong(name);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new WorkerProtocolException($"/internal/info is not what a worker says: {error.Message}");
        }

        static double Seconds(JsonElement profile, string name) =>
            profile.GetProperty(name).GetDouble() is >= 0 and <= 1e6 and double seconds ? seconds : throw Wrong(name);

        static WorkerProtocolException Wrong(string name) => new($"'{name}' of /internal/info is out of range");
    }
}
