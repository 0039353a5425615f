using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tiercel.Gateway.Configuration;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>TLS on a worker's listener, and gateways that are known by their certificate.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;
    private readonly TlsSettings _server;

    public TlsTests()
    {
        _authority = Authority("the fleet");
        File.WriteAllText(PathOf("ca.pem"), _authority.ExportCertificatePem());
        _server = Files("server", Issue(_authority, "localhost", "1.3.6.1.5.5.7.3.1"));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_listener_with_a_certificate_speaks_tls_and_nothing_else()
    {
        await using TestWorker worker = await TestWorker.StartAsync(new GatewayOptions { Tls = _server });
        Assert.StartsWith("https://", worker.Url, StringComparison.Ordinal);
        using HttpClient client = ClientOf(worker, null, TestWorker.Secret);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/internal/info", Cancellation)).StatusCode);
        using HttpClient plain = new() { BaseAddress = new Uri(worker.Url.Replace("https", "http", StringComparison.Ordinal)) };
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync("/health", Cancellation));
    }

    [Fact]
    public async Task With_an_authority_its_certificates_are_trusted_and_nobody_else_gets_in()
    {
        await using TestWorker worker = await TestWorker.StartAsync(new GatewayOptions { Tls = _server with { ClientAuthorityFile = PathOf("ca.pem") } });
        using (HttpClient gateway = ClientOf(worker, Issue(_authority, "gateway", "1.3.6.1.5.5.7.3.2"), bearer: null))
        {
            using HttpResponseMessage answer = await gateway.GetAsync("/internal/info", Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.True(answer.Headers.Contains("x-tiercel-worker"));
        }

        using X509Certificate2 stranger = Authority("a stranger");
        X509Certificate2?[] refused =
        [
            null,
            Issue(stranger, "gateway", "1.3.6.1.5.5.7.3.2"),

            // A server's certificate is none of a client, and one that has run out is none at all.
            Issue(_authority, "gateway", "1.3.6.1.5.5.7.3.1"),
            Issue(_authority, "gateway", "1.3.6.1.5.5.7.3.2", days: -1),
        ];
        foreach (X509Certificate2? certificate in refused)
        {
            using HttpClient client = ClientOf(worker, certificate, TestWorker.Secret);
            await Assert.ThrowsAnyAsync<Exception>(() => client.GetAsync("/internal/info", Cancellation));
        }
    }

    [Fact]
    public async Task Certificates_that_are_renewed_in_place_are_what_new_connections_get()
    {
        await using TestWorker worker = await TestWorker.StartAsync(new GatewayOptions { Tls = _server with { ClientAuthorityFile = PathOf("ca.pem") } });
        using X509Certificate2 gateway = Issue(_authority, "gateway", "1.3.6.1.5.5.7.3.2");
        Assert.Equal("CN=localhost", await ShownAsync(worker, gateway));
        Files("server", Issue(_authority, "renewed", "1.3.6.1.5.5.7.3.1"));
        await UntilAsync(async () => await ShownAsync(worker, gateway) == "CN=renewed");

        // Whose certificates are trusted follows its file, too.
        using X509Certificate2 other = Authority("another fleet");
        using X509Certificate2 stranger = Issue(other, "gateway", "1.3.6.1.5.5.7.3.2");
        Assert.Null(await ShownAsync(worker, stranger));
        File.AppendAllText(PathOf("ca.pem"), "\n" + other.ExportCertificatePem());
        await UntilAsync(async () => await ShownAsync(worker, stranger) == "CN=renewed");

        // A pair that does not belong together leaves the one before in force.
        File.WriteAllText(PathOf("server.key"), "no key");
        await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System, Cancellation);
        Assert.Equal("CN=renewed", await ShownAsync(worker, gateway));
    }

    [Fact]
    public async Task Nothing_is_fetched_from_places_that_a_certificate_names()
    {
        using TcpListener place = new(IPAddress.Loopback, 0);
        place.Start();
        int calls = 0;
        Task answering = AnswerAsync();
        string url = $"http://{place.LocalEndpoint}/ca.cer";
        await using TestWorker worker = await TestWorker.StartAsync(new GatewayOptions { Tls = _server with { ClientAuthorityFile = PathOf("ca.pem") } });
        using X509Certificate2 stranger = Authority("a stranger");
        using X509Certificate2 certificate = Issue(stranger, "gateway", "1.3.6.1.5.5.7.3.2", issuer: url);

        // That a certificate with such a place is fetched for where this is not forbidden: the fault can happen.
        using (X509Chain chain = new())
        {
            chain.ChainPolicy.UrlRetrievalTimeout = TestWorker.Watchdog;
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            Assert.False(chain.Build(certificate));
        }

        int before = Volatile.Read(ref calls);
        Assert.True(before > 0);

        // Its client sees that it is refused; nobody was called meanwhile.
        Assert.Null(await ShownAsync(worker, certificate));
        Assert.Equal(before, Volatile.Read(ref calls));
        Assert.False(place.Pending());

        // One of the fleet is let in whatever it names.
        using X509Certificate2 gateway = Issue(_authority, "gateway", "1.3.6.1.5.5.7.3.2", issuer: url);
        Assert.Equal("CN=localhost", await ShownAsync(worker, gateway));
        Assert.Equal(before, Volatile.Read(ref calls));
        place.Stop();
        await answering;

        // Who calls is counted and let go, and has nothing.
        async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    using Socket caller = await place.AcceptSocketAsync(Cancellation);
                    Interlocked.Increment(ref calls);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }
    }

    [Fact]
    public async Task Files_that_hold_no_certificate_are_named_at_the_start()
    {
        GatewayOptions missing = new() { Tls = _server with { KeyFile = PathOf("nothing.pem") } };
        GatewayConfigurationException error = await Assert.ThrowsAsync<GatewayConfigurationException>(() => TestWorker.StartAsync(missing));
        Assert.Contains("nothing.pem", error.Message, StringComparison.Ordinal);
        File.WriteAllText(PathOf("empty.pem"), "");
        GatewayOptions empty = new() { Tls = _server with { ClientAuthorityFile = PathOf("empty.pem") } };
        error = await Assert.ThrowsAsync<GatewayConfigurationException>(() => TestWorker.StartAsync(empty));
        Assert.Contains("empty.pem", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The name in the certificate that the worker shows on a new connection; null when it refuses ours.</summary>
    private async Task<string?> ShownAsync(TestWorker worker, X509Certificate2 certificate)
    {
        string? shown = null;
        using HttpClient client = ClientOf(worker, certificate, TestWorker.Secret, seen => shown = seen.Subject);
        try
        {
            using HttpResponseMessage answer = await client.GetAsync("/internal/info", Cancellation);
            return answer.IsSuccessStatusCode ? shown : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource watchdog = new(TestWorker.Watchdog);
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, watchdog.Token);
        }
    }

    private static X509Certificate2 Authority(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-10), now.AddDays(10));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string name, string purpose, int days = 5, string? issuer = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], true));
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (issuer is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [issuer]));
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.Create(authority, now.AddDays(-9), now.AddDays(days), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    private TlsSettings Files(string name, X509Certificate2 certificate)
    {
        File.WriteAllText(PathOf($"{name}.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf($"{name}.key"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        certificate.Dispose();
        return new TlsSettings(PathOf($"{name}.pem"), PathOf($"{name}.key"));
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private HttpClient ClientOf(TestWorker worker, X509Certificate2? certificate, string? bearer, Action<X509Certificate2>? seen = null)
    {
        X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authority);
        SslClientAuthenticationOptions tls = new() { CertificateChainPolicy = policy };
        if (seen is not null)
        {
            tls.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
            {
                seen((X509Certificate2)shown!);
                return errors == SslPolicyErrors.None;
            };
        }

        if (certificate is not null)
        {
            // Shown as it is: without a context of its own the client would fetch what a certificate names.
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        }

        HttpClient client = new(new SocketsHttpHandler { SslOptions = tls }) { BaseAddress = new Uri(worker.Url), Timeout = TestWorker.Watchdog };
        client.DefaultRequestHeaders.Authorization = bearer is null ? null : new("Bearer", bearer);
        return client;
    }
}
