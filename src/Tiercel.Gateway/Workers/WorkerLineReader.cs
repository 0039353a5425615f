using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Workers;

/// <summary>Reads one line of a worker's event stream; anything but what <see cref="WorkerLines"/> writes is refused, but for new fields of the status.</summary>
internal ref struct WorkerLineReader(ReadOnlySequence<byte> line)
{
    private const int MaxGenerationChars = 64;
    private Utf8JsonReader _json = new(line);
    private string? _generation;
    private long _sequence;

    /// <exception cref="WorkerProtocolException">No worker writes such a line.</exception>
    public (WorkerEvent News, WorkerStatus? Status) Read(int blockTokens)
    {
        Expect(JsonTokenType.StartObject);
        Expect(JsonTokenType.PropertyName);
        Require("generation"u8);
        Expect(JsonTokenType.String);
        _generation = _json.GetString();
        if (_generation is not { Length: > 0 and <= MaxGenerationChars })
        {
            throw Wrong("the generation has no name");
        }

        Expect(JsonTokenType.PropertyName);
        Require("seq"u8);
        _sequence = ReadNumber(1, long.MaxValue);
        Expect(JsonTokenType.PropertyName);
        (WorkerEvent News, WorkerStatus? Status) read;
        if (_json.ValueTextEquals("status"u8))
        {
            WorkerStatus status = ReadStatus();
            read = (new WorkerEvent.Status(_generation, _sequence, ReportOf(status, blockTokens)), status);
        }
        else
        {
            read = (ReadBlocks(_generation), null);
        }

        Expect(JsonTokenType.EndObject);
        return _json.Read() ? throw Wrong("something follows the object") : read;
    }

    private static ReplicaStatus ReportOf(WorkerStatus status, int blockTokens) => new()
    {
        Running = status.Running,
        Waiting = status.Waiting,
        KvUse = status.TotalBlocks == 0 ? null : 1 - ((double)(status.FreeBlocks + status.CachedBlocks) / status.TotalBlocks),
        KvTokens = (long)status.TotalBlocks * blockTokens,
    };

    private static WorkerProtocolException Wrong(string what) => new($"a line of the event stream is not what a worker writes: {what}");

    private WorkerEvent ReadBlocks(string generation)
    {
        if (_json.ValueTextEquals("stored"u8))
        {
            Expect(JsonTokenType.StartObject);
            Property("parent"u8);
            Advance();
            ulong parent = _json.TokenType == JsonTokenType.Null ? 0 : Name();
            Property("blocks"u8);
            WorkerEvent stored = new WorkerEvent.Stored(generation, _sequence, parent, ReadNames());
            Expect(JsonTokenType.EndObject);
            return stored;
        }

        if (_json.ValueTextEquals("removed"u8))
        {
            return new WorkerEvent.Removed(generation, _sequence, ReadNames());
        }

        if (_json.ValueTextEquals("prompt"u8))
        {
            Expect(JsonTokenType.StartObject);
            Property("request"u8);
            long request = ReadNumber(0, long.MaxValue);
            Property("tokens"u8);
            int tokens = (int)ReadNumber(0, int.MaxValue);
            Property("blocks"u8);
            WorkerEvent prompt = new WorkerEvent.Prompt(generation, _sequence, request, tokens, ReadNames());
            Expect(JsonTokenType.EndObject);
            return prompt;
        }

        Require("snapshot"u8);
        Expect(JsonTokenType.StartObject);
        Property("blocks"u8);
        ulong[] blocks = ReadNames();
        Property("last"u8);
        Advance();
        bool last = _json.GetBoolean();
        Expect(JsonTokenType.EndObject);

        // Which part it is, is seen from its place in the stream.
        return new WorkerEvent.Snapshot(generation, _sequence, 0, blocks, last);
    }

    private WorkerStatus ReadStatus()
    {
        WorkerStatus status = new();
        Expect(JsonTokenType.StartObject);
        while (true)
        {
            Advance();
            if (_json.TokenType == JsonTokenType.EndObject)
            {
                return status;
            }

            string name = _json.GetString() is { Length: <= 64 } known ? known : "";
            switch (name)
            {
                case "running": status = status with { Running = ReadInt() }; break;
                case "waiting": status = status with { Waiting = ReadInt() }; break;
                case "free_blocks": status = status with { FreeBlocks = ReadInt() }; break;
                case "cached_blocks": status = status with { CachedBlocks = ReadInt() }; break;
                case "total_blocks": status = status with { TotalBlocks = ReadInt() }; break;
                case "steps": status = status with { Steps = ReadNumber(0, long.MaxValue) }; break;
                case "prompt_tokens": status = status with { PromptTokens = ReadNumber(0, long.MaxValue) }; break;
                case "generated_tokens": status = status with { GeneratedTokens = ReadNumber(0, long.MaxValue) }; break;
                case "alive": status = status with { IsAlive = ReadBool() }; break;
                case "draining": status = status with { IsDraining = ReadBool() }; break;
                default: Advance(); _json.Skip(); break;
            }
        }
    }

    private ulong[] ReadNames()
    {
        Expect(JsonTokenType.StartArray);

        // A name takes 19 bytes of the line, so that what is asked for here is bounded by the line.
        List<ulong> names = [];
        while (true)
        {
            Advance();
            if (_json.TokenType == JsonTokenType.EndArray)
            {
                return [.. names];
            }

            names.Add(Name());
        }
    }

    private readonly ulong Name()
    {
        Span<byte> digits = stackalloc byte[16];
        long length = _json.HasValueSequence ? _json.ValueSequence.Length : _json.ValueSpan.Length;
        if (_json.TokenType != JsonTokenType.String || length != digits.Length || _json.ValueIsEscaped)
        {
            throw Wrong("a block's name is not 16 hexadecimal digits");
        }

        _json.CopyString(digits);
        return Utf8Parser.TryParse(digits, out ulong name, out int read, 'x') && read == digits.Length && name != 0
            ? name
            : throw Wrong("a block's name is not 16 hexadecimal digits");
    }

    private int ReadInt() => (int)ReadNumber(0, int.MaxValue);

    private long ReadNumber(long min, long max)
    {
        Expect(JsonTokenType.Number);
        return _json.TryGetInt64(out long number) && number >= min && number <= max ? number : throw Wrong("a number is out of range");
    }

    private bool ReadBool()
    {
        Advance();
        return _json.GetBoolean();
    }

    private void Property(ReadOnlySpan<byte> name)
    {
        Expect(JsonTokenType.PropertyName);
        Require(name);
    }

    private readonly void Require(ReadOnlySpan<byte> name)
    {
        if (!_json.ValueTextEquals(name))
        {
            throw Wrong("a field is missing, or not known");
        }
    }

    private void Expect(JsonTokenType type)
    {
        Advance();
        if (_json.TokenType != type)
        {
            throw Wrong($"a {type} was expected, and a {_json.TokenType} came");
        }
    }

    private void Advance()
    {
        if (!_json.Read())
        {
            throw Wrong("it ends early");
        }
    }
}
