using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class ClusterSection
{
    private static readonly Key<Secret?> Shared = Keys.Optional(
        "secret", Secrets.Value, "Shown to Tiercel workers, and asked of whoever calls `/internal/*`. Without it `/internal/*` answers nobody.");

    private static readonly Key<TlsSettings?> Tls = Keys.Optional("tls", TlsSection.OfCluster, "Identity shown to workers, where they ask for one (mTLS).");

    public static Section<ClusterSettings> Table { get; } = new(
        "cluster",
        "How gateways and workers know each other.",
        [Shared, Tls],
        values => new ClusterSettings { Secret = values.Get(Shared), Tls = values.Get(Tls) })
    {
        HoldsSecrets = true,
        Check = values =>
        {
            if (values.Context.References.LooksUp && values.Get(Shared) is Secret secret && secret.Reveal().Length < Secret.MinClusterCharacters)
            {
                values.Wrong(Shared, $"{secret.Reference} has fewer than {Secret.MinClusterCharacters} characters, which can be guessed");
            }
        },
    };
}
