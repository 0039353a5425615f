namespace Tiercel.Gateway.Configuration;

/// <summary>Files of a TLS identity, PEM.</summary>
/// <param name="CertificateFile">Certificate chain.</param>
/// <param name="KeyFile">Private key.</param>
/// <param name="ClientAuthorityFile">When given, peers must show a certificate that one of these authorities signed (mTLS).</param>
public sealed record TlsSettings(string CertificateFile, string KeyFile, string? ClientAuthorityFile = null)
{
    /// <summary>All of them.</summary>
    public IEnumerable<string> Files => ClientAuthorityFile is null ? [CertificateFile, KeyFile] : [CertificateFile, KeyFile, ClientAuthorityFile];
}
