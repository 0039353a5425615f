using System.Numerics;
using Tiercel.Gateway.Routing;

namespace Tiercel.Simulation.Routing;

/// <summary>Fingerprints of the prompts that the replay of a trace would send, without making their text: a line of about 2,150 bytes for each block.</summary>
internal static class PromptText
{
    private const int BytesOfBlock = 2150;

    /// <summary>Bytes of JSON around the text.</summary>
    private const int BytesAround = 30;

    public static long Bytes(TraceRow row) => (long)row.Blocks.Length * BytesOfBlock + BytesAround;

    public static PromptFingerprint Fingerprint(TraceRow row)
    {
        long bytes = Bytes(row);
        ulong[] beginnings = new ulong[bytes / PromptFingerprint.BlockBytes];
        ulong chain = 0;
        int used = 0;
        for (int i = 0; i < beginnings.Length; i++)
        {
            // All trace blocks of which a byte lies before the end of this fingerprint block.
            long end = (i + 1L) * PromptFingerprint.BlockBytes - BytesAround / 2;
            for (; used < row.Blocks.Length && (long)used * BytesOfBlock < end; used++)
            {
                chain = Mix(chain ^ BitOperations.RotateLeft((ulong)row.Blocks[used] + 1, 17));
            }

            beginnings[i] = Mix(chain + (ulong)i);
        }

        return PromptFingerprint.FromBeginnings(beginnings, bytes);
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
