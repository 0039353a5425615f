using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Tiercel.Cli.Tests.ModelStore;

/// <summary>
/// A hub on this machine: one server that lists and redirects, as huggingface.co does, and one on another port that holds the bytes, as its content
/// network does. The second one does wrong what it is told to, one fault a request.
/// </summary>
public sealed class HubServer : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Token = "hf_a_token_that_is_good";

    private readonly WebApplication _hub;
    private readonly WebApplication _content;

    private HubServer()
    {
        _hub = Build();
        _content = Build();
        _hub.MapGet("/api/models/{user}/{repo}/revision/{revision}", ListAsync);
        _hub.MapGet("/{user}/{repo}/resolve/{revision}/{**file}", ResolveAsync);
        _content.MapGet("/blobs/{hash}", SendAsync);
    }

    /// <summary>Files of the one repository, <see cref="Repository"/>, by path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    public string Repository { get; set; } = "Maker/Model-GGUF";

    /// <summary>Only to be had with <see cref="Token"/>.</summary>
    public bool Gated { get; set; }

    /// <summary>Whether redirects carry the SHA-256 as X-Linked-Etag; mirrors leave it out.</summary>
    public bool LinkedTags { get; set; } = true;

    /// <summary>For each file, in the listing only: what its hash is said to be.</summary>
    public ConcurrentDictionary<string, string> ListedHashes { get; } = new();

    /// <summary>Overrides the answer of the listing.</summary>
    public Func<HttpContext, Task>? Listing { get; set; }

    /// <summary>Where the file requests are redirected to, instead of to the content server.</summary>
    public string? RedirectTo { get; set; }

    /// <summary>The content server's tag.</summary>
    public Func<int, string> Tag { get; set; } = _ => "\"tag\"";

    /// <summary>One for each request to the content server, in order.</summary>
    public ConcurrentQueue<HubFault> Faults { get; } = new();

    /// <summary>All requests to either server, in order.</summary>
    public ConcurrentQueue<(bool ToHub, string Path, string? Authorization, string? Range)> Requests { get; } = new();

    /// <summary>Bytes that the content server sent; those that a client has are among them.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Called by the content server after each part of a body.</summary>
    public Action? OnSent { get; set; }

    public Uri Address => AddressOf(_hub);

    private long _sent;
    private int _contentRequests;

    public static async Task<HubServer> StartAsync()
    {
        HubServer server = new();
        await server._hub.StartAsync();
        await server._content.StartAsync();
        return server;
    }

    public static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _content.DisposeAsync();
    }

    private static WebApplication Build()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(options => options.Limits.MinResponseDataRate = null);
        return builder.Build();
    }

    private static Uri AddressOf(WebApplication application)
        => new(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private async Task ListAsync(HttpContext context, string user, string repo)
    {
        Note(context, toHub: true);
        if (Listing is not null)
        {
            await Listing(context);
            return;
        }

        if (!string.Equals($"{user}/{repo}", Repository, StringComparison.OrdinalIgnoreCase))
        {
            // The hub does not tell a stranger whether a repository exists.
            context.Response.StatusCode = IsKnown(context) ? 404 : 401;
            context.Response.Headers["X-Error-Code"] = "RepoNotFound";
            return;
        }

        // Listings of gated models are open; their files are not.
        await context.Response.WriteAsJsonAsync(new
        {
            id = Repository,
            sha = Commit,
            gated = Gated ? "manual" : null,
            siblings = Files.Select(file => new
            {
                rfilename = file.Key,
                size = file.Value.Length,
                blobId = "b0b0",
                lfs = new { sha256 = ListedHashes.GetValueOrDefault(file.Key) ?? HashOf(file.Value), size = file.Value.Length, pointerSize = 134 },
            }).Cast<object>().Append(new { rfilename = "README.md", size = 12, blobId = "c0c0" }),
        });
    }

    private Task ResolveAsync(HttpContext context, string revision, string file)
    {
        Note(context, toHub: true);
        if (Gated && !IsKnown(context))
        {
            context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 403;
            context.Response.Headers["X-Error-Code"] = "GatedRepo";
            return Task.CompletedTask;
        }

        if (revision != Commit || !Files.TryGetValue(file, out byte[]? bytes))
        {
            context.Response.StatusCode = 404;
            context.Response.Headers["X-Error-Code"] = "EntryNotFound";
            return Task.CompletedTask;
        }

        context.Response.StatusCode = 302;
        context.Response.Headers["X-Repo-Commit"] = Commit;
        if (LinkedTags)
        {
            context.Response.Headers["X-Linked-Etag"] = $"\"{HashOf(bytes)}\"";
            context.Response.Headers["X-Linked-Size"] = bytes.Length.ToString(CultureInfo.InvariantCulture);
        }

        context.Response.Headers.Location = RedirectTo ?? new Uri(AddressOf(_content), $"/blobs/{HashOf(bytes)}?signature=1").AbsoluteUri;
        return Task.CompletedTask;
    }

    private async Task SendAsync(HttpContext context, string hash)
    {
        Note(context, toHub: false);
        int number = Interlocked.Increment(ref _contentRequests);
        Faults.TryDequeue(out HubFault fault);
        byte[] whole = Files.Values.First(bytes => HashOf(bytes) == hash);
        string? range = context.Request.Headers.Range;
        int from = range is null || fault == HubFault.IgnoreRange ? 0 : int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
        if (fault is HubFault.Unavailable or HubFault.Expired or HubFault.RefuseRange)
        {
            context.Response.StatusCode = fault switch { HubFault.Unavailable => 503, HubFault.Expired => 403, _ => range is null ? 200 : 416 };
            return;
        }

        context.Response.Headers.ETag = Tag(number);
        if (range is not null && fault != HubFault.IgnoreRange)
        {
            int shown = fault == HubFault.WrongRange ? from - 1 : from;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {shown}-{whole.Length - 1}/{whole.Length}");
        }

        byte[] body = Body(whole, from, fault);
        if (fault is not (HubFault.TooLittle or HubFault.TooMuch))
        {
            context.Response.ContentLength = whole.Length - from + (fault == HubFault.WrongLength ? 1 : 0);
        }

        await WriteAsync(context, body, fault);
    }

    private static byte[] Body(byte[] whole, int from, HubFault fault) => fault switch
    {
        HubFault.WrongBytes => [.. whole.AsSpan(from, whole.Length - from - 1), (byte)~whole[^1]],
        HubFault.TooLittle or HubFault.Break or HubFault.Reset or HubFault.Stall => whole[from..(from + ((whole.Length - from) / 2))],
        HubFault.TooMuch or HubFault.WrongLength => [.. whole.AsSpan(from), 1],
        _ => whole[from..],
    };

    private async Task WriteAsync(HttpContext context, byte[] body, HubFault fault)
    {
        const int Part = 16 << 10;
        for (int sent = 0; sent < body.Length; sent += Part)
        {
            int count = Math.Min(Part, body.Length - sent);
            Interlocked.Add(ref _sent, count);
            await context.Response.Body.WriteAsync(body.AsMemory(sent, count), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            OnSent?.Invoke();
        }

        // Fewer bytes than stated make Kestrel close the connection in order, so that all that was sent arrives.
        if (fault == HubFault.Reset)
        {
            context.Abort();
        }
        else if (fault == HubFault.Stall)
        {
            TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration registration = context.RequestAborted.Register(ended.SetResult);
            await ended.Task;
        }
    }

    private static bool IsKnown(HttpContext context) => context.Request.Headers.Authorization == $"Bearer {Token}";

    private void Note(HttpContext context, bool toHub)
    {
        string? authorization = context.Request.Headers.Authorization;
        Requests.Enqueue((toHub, context.Request.Path, authorization, context.Request.Headers.Range));
    }
}
