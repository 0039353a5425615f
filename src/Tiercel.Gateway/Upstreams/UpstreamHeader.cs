namespace Tiercel.Gateway.Upstreams;

/// <summary>A header field that is sent upstream. Neither part may hold a line end or a control character.</summary>
internal readonly record struct UpstreamHeader(string Name, string Value);
