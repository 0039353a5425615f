namespace Tiercel.Cli.Json;

/// <summary>The answer of <c>/v1/models</c>, as far as <c>tiercel ps</c> reads it.</summary>
internal sealed record ModelList(IReadOnlyList<ModelListEntry?>? Data);
