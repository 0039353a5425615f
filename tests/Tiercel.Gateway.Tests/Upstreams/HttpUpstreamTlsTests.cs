using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Upstreams;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Upstreams;

public sealed class HttpUpstreamTlsTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    [Theory]
    [InlineData("ours", true, "{}")]
    [InlineData("ours", false, "Tls")]
    [InlineData("foreign", true, "Tls")]
    public async Task A_worker_is_believed_only_with_a_certificate_of_the_authority(string authority, bool nameIsRight, string expected)
    {
        using TemporaryFolder folder = new();
        using X509Certificate2 ours = MakeAuthority();
        using X509Certificate2 foreign = MakeAuthority();
        using X509Certificate2 server = Sign(ours, nameIsRight ? "localhost" : "elsewhere");
        using X509Certificate2 client = Sign(ours, "gateway");
        TlsSettings tls = new(folder.File("cert.pem"), folder.File("key.pem"), folder.File("ca.pem"));
        await File.WriteAllTextAsync(tls.CertificateFile, client.ExportCertificatePem());
        await File.WriteAllTextAsync(tls.KeyFile, client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await File.WriteAllTextAsync(tls.ClientAuthorityFile!, (authority == "ours" ? ours : foreign).ExportCertificatePem());

        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Task<string?> shown = ServeAsync(listener, server);
        UpstreamSettings settings = new()
        {
            Name = "w",
            Kind = UpstreamKind.Tiercel,
            Url = new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndPoint!).Port}"),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        await using HttpUpstream upstream = new(0, settings, new HttpUpstreamOptions { Time = TimeProvider.System, ClusterTls = tls });
        if (expected == "Tls")
        {
            UpstreamException error = await Assert.ThrowsAsync<UpstreamException>(() => HttpUpstreams.AskAsync(upstream));
            Assert.Equal((UpstreamFailureKind.Tls, false), (error.Failure.Kind, error.Failure.MayHaveRun));
            Assert.Null(await shown);
            return;
        }

        Assert.Equal(expected, await HttpUpstreams.AskAsync(upstream));
        Assert.Equal("CN=gateway", await shown);
    }

    [Fact]
    public async Task A_certificate_that_is_renewed_in_place_is_what_the_next_connection_shows()
    {
        using TemporaryFolder folder = new();
        using X509Certificate2 ours = MakeAuthority();
        using X509Certificate2 server = Sign(ours, "localhost");
        TlsSettings tls = new(folder.File("cert.pem"), folder.File("key.pem"), folder.File("ca.pem"));
        await File.WriteAllTextAsync(tls.ClientAuthorityFile!, ours.ExportCertificatePem());
        await WriteAsync("gateway");
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        UpstreamSettings settings = new()
        {
            Name = "w",
            Kind = UpstreamKind.Tiercel,
            Url = new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndPoint!).Port}"),
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        await using HttpUpstream upstream = new(0, settings, new HttpUpstreamOptions { Time = TimeProvider.System, ClusterTls = tls });
        Assert.Equal("CN=gateway", await ShownAsync());
        await WriteAsync("renewed");
        using CancellationTokenSource watchdog = new(TimeSpan.FromMinutes(2));
        while (await ShownAsync() != "CN=renewed")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, watchdog.Token);
        }

        async Task<string?> ShownAsync()
        {
            Task<string?> shown = ServeAsync(listener, server);
            await HttpUpstreams.AskAsync(upstream);
            return await shown;
        }

        async Task WriteAsync(string name)
        {
            using X509Certificate2 client = Sign(ours, name);
            await File.WriteAllTextAsync(tls.CertificateFile, client.ExportCertificatePem());
            await File.WriteAllTextAsync(tls.KeyFile, client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        }
    }

    /// <summary>Answers one request.</summary>
    /// <returns>The name in the certificate that the client showed; null when there was no handshake.</returns>
    private static async Task<string?> ServeAsync(Socket listener, X509Certificate2 certificate)
    {
        using Socket socket = await listener.AcceptAsync();
        await using SslStream tls = new(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, shown, _, _) => shown is not null);
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, ClientCertificateRequired = true });
            byte[] buffer = new byte[4096];
            int read = await tls.ReadAsync(buffer);
            if (read == 0)
            {
                return null;
            }

            await tls.WriteAsync(Encoding.ASCII.GetBytes(Answer));
            return tls.RemoteCertificate?.Subject;
        }
        catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    private static X509Certificate2 MakeAuthority()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
    }

    private static X509Certificate2 Sign(X509Certificate2 authority, string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = request.Create(authority, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
