using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Configuration;

public sealed class ConfigurationSourceTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private readonly List<string> _told = [];
    private string? _keyInEnvironment = "one";

    private string File => _folder.File("tiercel.yaml");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_changed_file_is_taken_up_and_told_of_once()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        FleetConfiguration first = source.Current;
        Later();
        Assert.Same(first, source.Current);
        Write(ConfigurationText.Minimal + "queue: { max_requests: 7 }\n");
        Assert.Same(first, source.Current);
        Later();
        Later();
        Assert.Equal(7, source.Current.Queue.MaxRequests);
        Assert.Equal(["1024 -> 7"], _told);
    }

    [Fact]
    public void A_certificate_that_is_renewed_in_place_is_noticed_and_told_of_where_it_is_wrong()
    {
        WriteCertificate();
        using ConfigurationSource source = Open($"{ConfigurationText.Minimal}cluster: {{ tls: {{ certificate: cert.pem, key: key.pem }} }}\n");
        Later();
        Assert.Empty(_told);
        WriteCertificate();
        Later();
        Later();
        Assert.Equal(["1024 -> 1024"], _told);
        System.IO.File.WriteAllText(_folder.File("key.pem"), "no key");
        Later();
        Later();
        Assert.Equal(2, _told.Count);
        Assert.Contains("cluster.tls.key: certificate and key are no PEM pair", _told[1], StringComparison.Ordinal);
        Assert.DoesNotContain("no key\n", _told[1], StringComparison.Ordinal);
        WriteCertificate();
        Later();
        Assert.Null(source.LastError);
    }

    [Fact]
    public void A_wrong_file_never_replaces_a_good_one_and_is_told_of_once()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        FleetConfiguration first = source.Current;
        Write(ConfigurationText.Minimal + "queue: { max_requests: many }\n");
        Later();
        Later();
        Assert.Same(first, source.Current);
        Assert.Contains("queue.max_requests: wants a whole number", Assert.Single(_told), StringComparison.Ordinal);
        Assert.Contains("tiercel.yaml:7:24", source.LastError!.Message, StringComparison.Ordinal);
        Write(ConfigurationText.Minimal);
        Later();
        Assert.Null(source.LastError);
        Assert.Single(_told);
    }

    [Fact]
    public void A_signal_looks_at_once_and_says_again_what_is_wrong()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        Write("pools: 1");
        Assert.False(source.Reload());
        Assert.False(source.Reload());
        Assert.Equal(2, _told.Count);
        Write(ConfigurationText.Minimal + "queue: { max_requests: 8 }\n");
        Assert.True(source.Reload());
        Assert.Equal(8, source.Current.Queue.MaxRequests);
        Assert.True(source.Reload());
        Assert.Equal(3, _told.Count);
    }

    [Fact]
    public void A_file_that_is_gone_leaves_the_configuration_in_force()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        System.IO.File.Delete(File);
        Later();
        Assert.Equal("m", Assert.Single(source.Current.Routes).Key);
        Assert.Contains("does not exist", source.LastError!.Message, StringComparison.Ordinal);
        Write(ConfigurationText.Minimal);
        Later();
        Assert.Null(source.LastError);
    }

    [Fact]
    public void A_new_secret_in_the_same_place_is_a_change()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal + "tenants: { t: { keys: [ { name: k, key: env:KEY } ] } }\n");
        byte[] old = source.Current.Tenants["t"].Keys[0].Sha256.ToArray();
        _keyInEnvironment = "two";
        Later();
        Assert.NotEqual(old, source.Current.Tenants["t"].Keys[0].Sha256.ToArray());
        _keyInEnvironment = null;
        Later();
        Assert.Contains("KEY is not set", source.LastError!.Message, StringComparison.Ordinal);
        Assert.Single(source.Current.Tenants);
    }

    [Fact]
    public void What_waits_for_a_restart_is_said()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        Write(ConfigurationText.Minimal + "queue: { max_requests: 9 }\nledger: { path: x.db }\n");
        Later();
        Assert.Equal(["ledger.path"], source.WaitForRestart.Select(change => change.Path));
        Write(ConfigurationText.Minimal);
        Later();
        Assert.Empty(source.WaitForRestart);
    }

    [Fact]
    public void One_that_fails_at_a_change_does_not_end_the_watch()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        bool fail = true;
        source.Changed += (_, _) => _ = fail ? throw new InvalidOperationException("on purpose") : true;
        Write(ConfigurationText.Minimal + "queue: { max_requests: 10 }\n");
        Later();
        Assert.Contains("could not be taken up: InvalidOperationException", source.LastError!.Message, StringComparison.Ordinal);
        Assert.Equal(1024, source.Current.Queue.MaxRequests);
        Assert.Contains(_told, line => line.Contains("could not be taken up", StringComparison.Ordinal));
        fail = false;
        Write(ConfigurationText.Minimal + "queue: { max_requests: 11 }\n");
        Later();
        Assert.Equal(11, source.Current.Queue.MaxRequests);
        Assert.Null(source.LastError);
    }

    [Fact]
    public void A_process_without_an_engine_refuses_a_file_that_wants_one()
    {
        using ConfigurationSource source = Open(ConfigurationText.Minimal);
        Write("pools: { p: { upstreams: [ { name: e, kind: embedded } ] } }\nroutes: { m: { pool: p } }\n");
        Later();
        Assert.Contains("tiercel.yaml:1:45: pools.p.upstreams[0].kind: is the engine of this process, which has none", source.LastError!.Message, StringComparison.Ordinal);
        Assert.Equal("m", Assert.Single(source.Current.Routes).Key);
        using ConfigurationSource withEngine = ConfigurationSource.Open(File, _time);
        Assert.Equal(UpstreamKind.Embedded, withEngine.Current.Pools["p"].Upstreams[0].Kind);
    }

    [Fact]
    public void A_wrong_file_at_the_start_is_refused()
    {
        System.IO.File.WriteAllText(File, "pools: 1");
        ConfigurationInvalidException error = Assert.Throws<ConfigurationInvalidException>(() => ConfigurationSource.Open(File, _time));
        Assert.Equal(2, error.Errors.Count);
    }

    private ConfigurationSource Open(string text)
    {
        Write(text);
        ConfigurationSource source = ConfigurationSource.Open(File, _time, Interval, new ReferenceResolver(_ => _keyInEnvironment, _folder.Path), hasEngine: false);
        source.Changed += (old, now) => _told.Add($"{old.Queue.MaxRequests} -> {now.Queue.MaxRequests}");
        source.Rejected += error => _told.Add(error.Message);
        return source;
    }

    private void Write(string text) => System.IO.File.WriteAllText(File, text);

    private void Later() => _time.Advance(Interval);

    private void WriteCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=gateway", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        System.IO.File.WriteAllText(_folder.File("cert.pem"), certificate.ExportCertificatePem());
        System.IO.File.WriteAllText(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
