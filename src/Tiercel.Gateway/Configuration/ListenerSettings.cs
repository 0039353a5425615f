using System.Net;

namespace Tiercel.Gateway.Configuration;

/// <summary>An address that is listened on.</summary>
public sealed record ListenerSettings
{
    public IPEndPoint Address { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Certificate and key for TLS; null for plain text.</summary>
    public TlsSettings? Tls { get; init; }
}
