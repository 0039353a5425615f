using System.Diagnostics.CodeAnalysis;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Upstreams;

/// <summary>Reads of a request's body what is routed on, in one pass, and leaves everything else alone.</summary>
internal static class BodyScanner
{
    public static bool TryScan(
        ReadOnlySpan<byte> body, BodyKind kind, [NotNullWhen(true)] out ScannedBody? scanned, [NotNullWhen(false)] out ApiError? error) =>
        throw new NotImplementedException();
}
