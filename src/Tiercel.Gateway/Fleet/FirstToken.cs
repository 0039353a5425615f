using System.Buffers;
using System.IO.Pipelines;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Fleet;

/// <summary>Waits for the beginning of a stream's answer without taking anything of it, so that two streams can be compared.</summary>
internal static class FirstToken
{
    /// <returns>Whether a token came. False where the stream ended or broke first, or sent something that is none.</returns>
    /// <exception cref="UpstreamException">The stream broke.</exception>
    public static async Task<bool> WaitAsync(PipeReader body, Attempt attempt, FleetServices services)
    {
        int maxBytes = services.Configuration.Limits.MaxEventBytes;
        while (true)
        {
            ReadResult read = await body.ReadAsync(attempt.Token);
            attempt.LastProgress = services.Clock.Now;
            bool? token = Look(read.Buffer, maxBytes) ?? (read.IsCompleted || read.Buffer.Length > maxBytes ? false : null);

            // What was looked at is read again by who carries it, so that none of it counts as seen once it is decided.
            body.AdvanceTo(read.Buffer.Start, token is null ? read.Buffer.End : read.Buffer.Start);
            if (token is bool decided)
            {
                return decided;
            }
        }
    }

    /// <summary>Null while there is neither.</summary>
    private static bool? Look(ReadOnlySequence<byte> buffer, int maxBytes)
    {
        SseScanner scanner = new(1, maxBytes, tokens: null);
        while (true)
        {
            ReadOnlySequence<byte> before = buffer;
            if (!scanner.TryRead(ref buffer, out SseEvent scanned))
            {
                return null;
            }

            switch (scanned.Kind)
            {
                case SseEventKind.Comment or SseEventKind.Usage or SseEventKind.Other:
                case SseEventKind.Content when DeltaText.IsRoleOnly(before.Slice(0, scanned.Length)):
                    continue;
                default:
                    return scanned.Kind is SseEventKind.Content or SseEventKind.Finish;
            }
        }
    }
}
