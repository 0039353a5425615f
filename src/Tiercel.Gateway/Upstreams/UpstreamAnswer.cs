using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace Tiercel.Gateway.Upstreams;

/// <summary>
/// The head of an answer, and its body as it comes. Reading the body fails with <see cref="UpstreamException"/>; a read that says it is completed means
/// that the body came whole, as its framing told. Disposing earlier cancels: the connection is closed.
/// </summary>
internal abstract class UpstreamAnswer : IAsyncDisposable
{
    public abstract int Status { get; }

    /// <summary>Media type without parameters, in lower case; empty when none was sent.</summary>
    public abstract string ContentType { get; }

    /// <summary>The body's bytes, freed of chunking. One read at a time.</summary>
    public abstract PipeReader Body { get; }

    /// <summary>How long the upstream asks to wait before the next try.</summary>
    public TimeSpan? RetryAfter => TryGetHeader("retry-after", out string? value) ? ForeignErrors.ParseRetryAfter(value) : null;

    /// <param name="name">In lower case.</param>
    public abstract bool TryGetHeader(string name, [NotNullWhen(true)] out string? value);

    /// <summary>
    /// Says that the owner has all it wants (<c>[DONE]</c> was read): what is left can only be the end of the framing, and disposing need not cancel.
    /// </summary>
    public virtual void ExpectEnd()
    {
    }

    public abstract ValueTask DisposeAsync();
}
