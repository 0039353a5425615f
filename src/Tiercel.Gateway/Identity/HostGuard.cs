using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Tiercel.Gateway.Identity;

/// <summary>
/// Refuses requests by names this server does not have. A web page that points its own name at 127.0.0.1 makes the browser send that name as Host; the
/// port is left free because tunnels change it and a page cannot.
/// </summary>
internal sealed class HostGuard
{
    private readonly HashSet<string>? _allowed;

    public HostGuard(GatewayOptions options)
    {
        if (options.AllowedHosts.Count > 0 || options.Endpoints.All(endpoint => IPAddress.IsLoopback(endpoint.Address)))
        {
            _allowed = new HashSet<string>(options.AllowedHosts, StringComparer.OrdinalIgnoreCase) { "localhost", "127.0.0.1", "[::1]" };

            // A loopback address that is listened on can be called by itself: 127.0.0.2, say. A page's own name is never an address.
            _allowed.UnionWith(options.Endpoints.Select(endpoint => endpoint.Address).Where(IPAddress.IsLoopback).Select(address => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString()));
        }
    }

    public bool Allows(HostString host) => _allowed is null || (host.HasValue && _allowed.Contains(host.Host));
}
