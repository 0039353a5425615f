using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Startup;

/// <summary>What an engine said of itself.</summary>
/// <param name="Models">Names of its models, one at least; a worker has one.</param>
internal sealed record DiscoveredUpstream(Uri Url, UpstreamKind Kind, IReadOnlyList<string> Models);
