namespace Tiercel.Gateway.Upstreams;

/// <summary>The only changes that a body gets on its way: the model's name, and the wish for usage. The body is cut into pieces around them, not copied.</summary>
internal static class BodySplices
{
    /// <param name="body">The original bytes.</param>
    /// <param name="model">What the upstream calls the model; null to leave it.</param>
    /// <param name="forceUsage">Whether a stream shall tell its usage, asked for or not.</param>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Apply(ReadOnlyMemory<byte> body, ScannedBody scanned, string? model, bool forceUsage) =>
        throw new NotImplementedException();
}
