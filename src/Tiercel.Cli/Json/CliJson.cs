using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Tiercel.Cli.Json;

/// <summary>Everything that <c>--json</c> prints: snake_case, indented, nothing left out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<ListedModel>))]
[JsonSerializable(typeof(ShownModel))]
[JsonSerializable(typeof(PulledModel))]
[JsonSerializable(typeof(RemovedModel))]
[JsonSerializable(typeof(RunAnswer))]
[JsonSerializable(typeof(ServerProcess))]
[JsonSerializable(typeof(ServeStarted))]
[JsonSerializable(typeof(GatewayStarted))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(CheckedConfiguration))]
[JsonSerializable(typeof(ComparedConfigurations))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(string))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Text of other scripts stays as it is, which a person can read; controls are still escaped. It is no HTML that this could end up in.</summary>
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write<T>(CliEnvironment environment, T value, JsonTypeInfo<T> type)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, Readable))
        {
            JsonSerializer.Serialize(writer, value, type);
        }

        environment.Output.WriteLine(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }
}
