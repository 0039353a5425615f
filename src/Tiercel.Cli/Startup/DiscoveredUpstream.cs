using Tiercel.Gateway.Configuration;

namespace Tiercel.Cli.Startup;

/// <summary>What an engine said of itself.</summary>
internal sealed record DiscoveredUpstream(Uri Url, UpstreamKind Kind, string Model);
