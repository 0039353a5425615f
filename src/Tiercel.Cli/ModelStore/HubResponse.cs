using System.Net;

namespace Tiercel.Cli.ModelStore;

/// <summary>The last answer of a chain of redirects.</summary>
/// <param name="Message">Its head; the body is read by whoever holds this.</param>
/// <param name="IsFromHub">False when it came from another host, such as the content network that stores the files.</param>
/// <param name="LinkedTag">
/// The hub's own tag of a large file, its SHA-256; it stands on the redirect, and the content network's tag is another one.
/// </param>
internal sealed record HubResponse(HttpResponseMessage Message, bool IsFromHub, string? LinkedTag) : IDisposable
{
    public HttpStatusCode Status => Message.StatusCode;

    public string Host => Message.RequestMessage!.RequestUri!.Host;

    /// <summary>What must stay the same while a file is fetched in pieces.</summary>
    public string? Identity => LinkedTag ?? Message.Headers.ETag?.Tag;

    public void Dispose() => Message.Dispose();
}
