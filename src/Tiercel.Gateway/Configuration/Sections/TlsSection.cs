using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

/// <summary>A certificate, its key, and whose certificates are trusted.</summary>
internal static class TlsSection
{
    private static readonly Key<string> Certificate = Keys.Required("certificate", Texts.ExistingFile, "PEM file of the certificate and those between it and its authority.");

    private static readonly Key<string> PrivateKey = Keys.Required("key", Texts.ExistingFile, "PEM file of the private key, not encrypted.");

    private static readonly Key<string?> ClientAuthority = Keys.Optional(
        "client_authority", Texts.ExistingFile, "PEM file of authorities. When given, a client must show a certificate that one of them signed (mTLS).");

    private static readonly Key<string?> Authority = Keys.Optional(
        "authority", Texts.ExistingFile, "PEM file of authorities that the workers' certificates are checked against; without it, those of the system.");

    public static Section<TlsSettings> OfListener { get; } = new(
        "TLS identity",
        "What a listener shows, and what it asks of clients.",
        [Certificate, PrivateKey, ClientAuthority],
        values => new TlsSettings(values.Get(Certificate), values.Get(PrivateKey), values.Get(ClientAuthority)))
    {
        Check = values => CheckFiles(values, ClientAuthority),
    };

    public static Section<TlsSettings> OfCluster { get; } = new(
        "TLS identity",
        "What the gateway shows to workers that ask for a certificate, and how it knows them.",
        [Certificate, PrivateKey, Authority],
        values => new TlsSettings(values.Get(Certificate), values.Get(PrivateKey), values.Get(Authority)))
    {
        Check = values => CheckFiles(values, Authority),
    };

    private static void CheckFiles(SectionValues values, Key<string?> authorities)
    {
        if (!values.Context.References.LooksUp)
        {
            return;
        }

        foreach (string? path in (string?[])[values.Get(Certificate), values.Get(PrivateKey), values.Get(authorities)])
        {
            Remember(values, path);
        }

        try
        {
            using X509Certificate2 pair = X509Certificate2.CreateFromPemFile(values.Get(Certificate), values.Get(PrivateKey));
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // The reason of the library is left out: it speaks of the contents of a private file.
            values.Wrong(PrivateKey, "certificate and key are no PEM pair that can be read and belongs together");
        }

        if (values.Get(authorities) is string file && !HoldsCertificate(file))
        {
            values.Wrong(authorities, "holds no certificate in PEM");
        }
    }

    /// <summary>A file that is renewed in place is a change: it is checked like one, and told of where it is wrong. Connections follow the files by themselves.</summary>
    private static void Remember(SectionValues values, string? path)
    {
        try
        {
            values.Context.Remember(path is null ? "" : File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            values.Context.Remember(error.GetType().Name);
        }
    }

    private static bool HoldsCertificate(string file)
    {
        try
        {
            X509Certificate2Collection found = [];
            found.ImportFromPemFile(file);
            foreach (X509Certificate2 certificate in found)
            {
                certificate.Dispose();
            }

            return found.Count > 0;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
