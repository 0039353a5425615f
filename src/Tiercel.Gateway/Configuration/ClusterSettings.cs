namespace Tiercel.Gateway.Configuration;

/// <summary>How gateways and workers know each other.</summary>
public sealed record ClusterSettings
{
    /// <summary>Shown to Tiercel workers, and asked of whoever calls <c>/internal/*</c>. Null: nobody is trusted, and <c>/internal/*</c> answers nobody.</summary>
    public Secret? Secret { get; init; }

    /// <summary>Identity shown to workers, where they ask for one (mTLS), and authority that their certificates are checked against.</summary>
    public TlsSettings? Tls { get; init; }
}
