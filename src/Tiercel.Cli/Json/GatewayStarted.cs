namespace Tiercel.Cli.Json;

/// <summary>What <c>tiercel gateway --json</c> prints once it listens.</summary>
internal sealed record GatewayStarted(string Url, string BaseUrl, string ConfigVersion, string[] Models, bool NeedsApiKey);
