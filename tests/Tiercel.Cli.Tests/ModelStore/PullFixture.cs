using Tiercel.Cli.ModelStore;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.ModelStore;

/// <summary>A hub, an empty store and a puller between them.</summary>
internal sealed class PullFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private PullFixture(HubServer hub)
    {
        Hub = hub;
        Store = new LocalModelStore(_folder.File("models"));
    }

    public HubServer Hub { get; }

    public LocalModelStore Store { get; }

    public Func<string, long>? FreeSpace { get; set; }

    public string? Token { get; set; }

    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    public static async Task<PullFixture> StartAsync() => new(await HubServer.StartAsync());

    /// <summary>Bytes that are the same each time and compress to nothing like themselves.</summary>
    public static byte[] Content(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public async Task<PullOutcome> PullAsync(string name, IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        HubOptions options = new(Hub.Address, Token) { RetryDelay = TimeSpan.FromMilliseconds(1), IdleTimeout = IdleTimeout };
        using HubClient client = new(options, TimeProvider.System);
        return await new ModelPuller(Store, client, FreeSpace).PullAsync(name, progress, cancellationToken);
    }

    public async Task<string> RefusalAsync(string name)
        => (await Assert.ThrowsAsync<ModelStoreException>(() => PullAsync(name))).Message;

    /// <summary>Everything under the store, with <c>/</c> between folders.</summary>
    public IReadOnlyList<string> StoredFiles => Directory.Exists(Store.Folder)
        ? [.. Directory.GetFiles(Store.Folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Store.Folder, path).Replace('\\', '/')).Order()]
        : [];

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _folder.Dispose();
    }
}
