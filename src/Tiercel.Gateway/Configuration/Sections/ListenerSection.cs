using System.Net;
using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class ListenerSection
{
    private static readonly Key<IPEndPoint> Address = Keys.Default(
        "address", Texts.EndPoint, new ListenerSettings().Address, "IP address and port; port 0 takes a free one. An address that other machines reach wants tenants, or `no_auth`.");

    private static readonly Key<TlsSettings?> Tls = Keys.Optional("tls", TlsSection.OfListener, "TLS for this address; without it, plain HTTP.");

    public static Section<ListenerSettings> Table { get; } = new(
        "listener",
        "An address that clients are listened for on.",
        [Address, Tls],
        values => new ListenerSettings { Address = values.Get(Address), Tls = values.Get(Tls) });
}
