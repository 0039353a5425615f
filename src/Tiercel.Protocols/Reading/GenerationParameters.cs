using System.Globalization;
using Tiercel.Engine.Sampling;
using Tiercel.Protocols.OpenAI;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>The parameters that chat completions and text completions share.</summary>
internal static class GenerationParameters
{
    private static readonly ParameterTable<GenerationBody> StreamOptions = new(
        "stream_options",
        new("include_usage", Honoured, "a last chunk holds the usage", (ref r, b) => b.IncludeUsage = r.ReadBool()),
        new("include_obfuscation", Neutral, "padding that changes no text; none is sent", (ref r, _) => r.ReadBool()),
        new("continuous_usage_stats", Neutral, "only false", (ref r, _) => RequireFalse(ref r)));

    public static readonly IReadOnlyList<Parameter<GenerationBody>> All =
    [
        new("model", Honoured, "a served name or an alias; may be left out where one model is served", (ref r, b) => b.Model = r.ReadString(ApiLimits.ModelNameChars)),
        new("stream", Honoured, "server-sent events", (ref r, b) => b.Stream = r.ReadBool()),
        new("stream_options", Honoured, "include_usage; only with stream", (ref r, b) => { b.HasStreamOptions = true; StreamOptions.Read(ref r, b); }),
        new("n", Honoured, "1 to 128; the prompt is computed once", (ref r, b) => b.Choices = r.ReadInt(1, ApiLimits.Choices)),
        new("temperature", Honoured, "0 (greedy) to 2", (ref r, b) => b.Temperature = r.ReadFloat(0, 2)),
        // 0 keeps the likeliest token alone, which is what the smallest positive share keeps too.
        new("top_p", Honoured, "0 to 1", (ref r, b) => b.TopP = Math.Max(r.ReadFloat(0, 1), float.Epsilon)),
        new("presence_penalty", Honoured, "-2 to 2", (ref r, b) => b.PresencePenalty = r.ReadFloat(-2, 2)),
        new("frequency_penalty", Honoured, "-2 to 2", (ref r, b) => b.FrequencyPenalty = r.ReadFloat(-2, 2)),
        new("logit_bias", Honoured, "token id → -100 to 100; at most 1024 ids", (ref r, b) => b.LogitBias = ReadLogitBias(ref r)),
        new("seed", Honoured, "any 64-bit integer; the same seed and prompt give the same text", (ref r, b) => b.Seed = r.ReadLong(long.MinValue, long.MaxValue)),
        new("stop", Honoured, "a string or up to 16 strings of 1 to 1024 characters", (ref r, b) => b.Stop = ReadStop(ref r)),
        new("user", Neutral, "a label", (ref r, _) => r.ReadString(ApiLimits.LabelChars)),
        new("top_k", Honoured, "0 or -1 keeps all", (ref r, b) => b.TopK = Math.Max(0, r.ReadInt(-1, int.MaxValue))),
        new("min_p", Honoured, "0 to 1", (ref r, b) => b.MinP = r.ReadFloat(0, 1)),
        new("typical_p", Honoured, "above 0, to 1", (ref r, b) => b.TypicalP = Positive(ref r, 1)),
        new("repetition_penalty", Honoured, "above 0, to 100; 1 is off", (ref r, b) => b.RepetitionPenalty = Positive(ref r, 100)),
        new("min_tokens", Honoured, "no end or stop token before this many", (ref r, b) => b.MinTokens = r.ReadInt(0, int.MaxValue)),
        new("ignore_eos", Honoured, "the model's end tokens do not end the text", (ref r, b) => b.IgnoreEos = r.ReadBool()),
        new("stop_token_ids", Honoured, "up to 256 further tokens that end the text", (ref r, b) => b.StopTokens = r.ReadInts(ApiLimits.StopTokens)),
        new("dry_multiplier", Honoured, "0 (off) to 100", (ref r, b) => b.DryMultiplier = r.ReadFloat(0, 100)),
        new("dry_base", Honoured, "1 to 100", (ref r, b) => b.DryBase = r.ReadFloat(1, 100)),
        new("dry_allowed_length", Honoured, "repeats up to this long are free", (ref r, b) => b.DryAllowedLength = r.ReadInt(0, 1 << 20)),
        new("dry_penalty_last_n", Honoured, "how many last tokens count; 0 or -1 for all", (ref r, b) => b.DryWindow = Math.Max(0, r.ReadInt(-1, int.MaxValue))),
        new("dry_sequence_breakers", Honoured, "strings that end a repeat", (ref r, b) => b.DryBreakers = ReadBreakers(ref r)),
        new("sampling_order", Honoured, "openai or llamacpp", (ref r, b) => b.Order = ReadOrder(ref r)),
        new("priority", Honoured, "-1000 to 1000; lower is more urgent", (ref r, b) => b.Priority = r.ReadInt(-1000, 1000)),
        new("cache_salt", Honoured, "prompts share cached prefixes only within one salt", (ref r, b) => b.CacheSalt = r.ReadString(ApiLimits.LabelChars)),
        new("skip_special_tokens", Honoured, "false shows control tokens in the text", (ref r, b) => b.RenderSpecialTokens = !r.ReadBool()),
        new("add_special_tokens", Honoured, "whether begin-of-text is added where the model asks for it", (ref r, b) => b.AddSpecialTokens = r.ReadBool()),
        new("spaces_between_special_tokens", Neutral, "no spaces are added or taken", (ref r, _) => r.ReadBool()),
        new("include_stop_str_in_output", Neutral, "only false", (ref r, _) => RequireFalse(ref r)),
        new("cache_prompt", Neutral, "only true", (ref r, _) => RequireTrue(ref r)),
        new("use_beam_search", Neutral, "only false", (ref r, _) => RequireFalse(ref r)),
        new("request_id", Refused, "send the header x-request-id", (ref r, _) => throw r.Unsupported("send the header 'x-request-id'.")),
    ];

    public static void RequireFalse(ref BodyReader reader)
    {
        if (reader.ReadBool())
        {
            throw reader.UnsupportedValue("only false.");
        }
    }

    public static void RequireTrue(ref BodyReader reader)
    {
        if (!reader.ReadBool())
        {
            throw reader.UnsupportedValue("only true.");
        }
    }

    /// <summary>Checks what one field says against another, once all are read.</summary>
    public static void Check(ref BodyReader reader, GenerationBody body)
    {
        if (body.HasStreamOptions && !body.Stream)
        {
            reader.Enter("stream_options");
            throw reader.Invalid("'stream_options' is only allowed when 'stream' is true.");
        }

        if (body.MaxTokens is int max && body.MinTokens > max)
        {
            reader.Enter("min_tokens");
            throw reader.Invalid($"'min_tokens' ({body.MinTokens}) is above the token limit ({max}).");
        }
    }

    private static float Positive(ref BodyReader reader, float max)
    {
        float value = reader.ReadFloat(0, max);
        return value > 0 ? value : throw reader.Invalid($"'{reader.Path()}' must be above 0.");
    }

    private static List<string> ReadStop(ref BodyReader reader)
    {
        List<string> stop = reader.ReadStrings(ApiLimits.StopStrings, ApiLimits.StopChars);
        return stop.TrueForAll(text => text.Length > 0) ? stop : throw reader.Invalid("'stop' must not hold an empty string.");
    }

    private static List<string> ReadBreakers(ref BodyReader reader) => reader.ReadStrings(64, 64);

    private static SamplingOrder ReadOrder(ref BodyReader reader) => reader.ReadString(ApiLimits.LabelChars) switch
    {
        "openai" => SamplingOrder.OpenAI,
        "llamacpp" => SamplingOrder.LlamaCpp,
        _ => throw reader.UnsupportedValue("'openai' or 'llamacpp'."),
    };

    private static Dictionary<int, float> ReadLogitBias(ref BodyReader reader)
    {
        reader.ExpectObject();
        Dictionary<int, float> biases = [];
        while (reader.NextProperty())
        {
            string key = reader.ReadName(maxChars: 32);
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int token))
            {
                throw reader.Invalid("the keys of 'logit_bias' must be token ids.");
            }

            reader.Enter(key);
            if (biases.Count == ApiLimits.LogitBiases)
            {
                throw reader.TooMany(ApiLimits.LogitBiases);
            }

            if (!biases.TryAdd(token, reader.ReadFloat(-100, 100)))
            {
                throw reader.Duplicate();
            }

            reader.Leave();
        }

        return biases;
    }
}
