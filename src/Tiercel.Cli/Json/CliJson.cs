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
internal sealed partial class CliJson : JsonSerializerContext
{
    public static void Write<T>(CliEnvironment environment, T value, JsonTypeInfo<T> type) =>
        environment.Output.WriteLine(JsonSerializer.Serialize(value, type));
}
