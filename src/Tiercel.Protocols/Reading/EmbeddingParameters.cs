using Tiercel.Protocols.OpenAI;
using static Tiercel.Protocols.Reading.ParameterTreatment;

namespace Tiercel.Protocols.Reading;

/// <summary>The parameters of embeddings.</summary>
internal static class EmbeddingParameters
{
    public static readonly ParameterTable<EmbeddingsBody> Table = new(
        "/v1/embeddings",
        new("model", Honoured, "a served name or an alias; may be left out where one model is served", (ref r, b) => b.Model = r.ReadString(ApiLimits.ModelNameChars)),
        new("input", Honoured, "text, token ids, or a batch of up to 2048 of either", (ref r, b) => b.Inputs = PromptReader.Read(ref r)),
        new("encoding_format", Honoured, "float or base64 (little-endian 32-bit floats)", (ref r, b) => b.Base64 = ReadFormat(ref r)),
        new("dimensions", Honoured, "only the model's own number", (ref r, b) => b.Dimensions = r.ReadInt(1, int.MaxValue)),
        new("priority", Honoured, "-1000 to 1000; lower is more urgent", (ref r, b) => b.Priority = r.ReadInt(-1000, 1000)),
        new("user", Neutral, "a label", (ref r, _) => r.ReadString(ApiLimits.LabelChars)));

    public static void Check(ref BodyReader reader, EmbeddingsBody body)
    {
        if (body.Inputs.Count == 0)
        {
            throw reader.Missing("input");
        }
    }

    private static bool ReadFormat(ref BodyReader reader) => reader.ReadString(ApiLimits.LabelChars) switch
    {
        "float" => false,
        "base64" => true,
        _ => throw reader.UnsupportedValue("'float' or 'base64'."),
    };
}
