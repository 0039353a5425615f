using System.Buffers;
using System.IO.Pipelines;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Upstreams;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Fleet;

/// <summary>Waits for the beginning of a stream's answer without taking anything of it, so that two streams can be compared.</summary>
internal static class FirstToken
{
    /// <returns>Null once a token came. How it ended where the stream ended first, or sent something that is none.</returns>
    /// <exception cref="UpstreamException">The stream broke.</exception>
    public static async Task<AttemptEnd?> WaitAsync(PipeReader body, Attempt attempt, FleetServices services)
    {
        int maxBytes = services.Configuration.Limits.MaxEventBytes;
        while (true)
        {
            ReadResult read = await body.ReadAsync(attempt.Token);
            attempt.LastProgress = services.Clock.Now;
            bool decided = Look(read.Buffer, attempt, maxBytes, out AttemptEnd? failed);
            if (!decided && (read.IsCompleted || read.Buffer.Length > maxBytes))
            {
                (decided, failed) = (true, read.IsCompleted ? AttemptEnds.Broken("the upstream's stream ended before a token") : Malformed("Nothing but what is no answer"));
            }

            // What was looked at is read again by who carries it, so that none of it counts as seen once it is decided.
            body.AdvanceTo(read.Buffer.Start, decided ? read.Buffer.Start : read.Buffer.End);
            if (decided)
            {
                return failed;
            }
        }
    }

    /// <returns>Whether there is a token, or what ends the wait for one.</returns>
    private static bool Look(ReadOnlySequence<byte> buffer, Attempt attempt, int maxBytes, out AttemptEnd? failed)
    {
        failed = null;
        SseScanner scanner = new(1, maxBytes, tokens: null);
        while (true)
        {
            ReadOnlySequence<byte> before = buffer;
            if (!scanner.TryRead(ref buffer, out SseEvent scanned))
            {
                return false;
            }

            ReadOnlySequence<byte> bytes = before.Slice(0, scanned.Length);
            switch (scanned.Kind)
            {
                case SseEventKind.Comment or SseEventKind.Usage or SseEventKind.Other:
                case SseEventKind.Content when DeltaText.IsRoleOnly(bytes):
                    continue;
                case SseEventKind.Content or SseEventKind.Finish:
                    return true;
                case SseEventKind.Error:
                    failed = ErrorEvents.Read(bytes, attempt.Replica);
                    return true;
                default:
                    failed = Malformed("The engine's stream ended, or was none, before a token");
                    return true;
            }
        }
    }

    private static AttemptEnd Malformed(string what) => new(AttemptOutcome.Malformed, StreamFailure.Malformed, ApiErrors.UpstreamBroken(what + "."));
}
