using System.Buffers;
using System.Text;

namespace Tiercel.Gateway.Routing;

/// <summary>
/// A chain of 64-bit hashes over the raw bytes of a prompt, one for each full block: two prompts have the same hash at a block where, and only where,
/// everything up to the end of it is the same, and tenant, model and tools too. Made once for each request.
/// </summary>
internal sealed class PromptFingerprint
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 512;

    private readonly ulong[] _beginnings;

    private PromptFingerprint(ulong[] beginnings, long bytes)
    {
        _beginnings = beginnings;
        Bytes = bytes;
    }

    public static PromptFingerprint Empty { get; } = new([], 0);

    /// <summary>Entry <c>i</c> stands for the bytes <c>[0, (i + 1) * 512)</c>.</summary>
    public ReadOnlySpan<ulong> Beginnings => _beginnings;

    /// <summary>Full blocks; bytes after the last of them are not hashed.</summary>
    public int Blocks => _beginnings.Length;

    /// <summary>Bytes of the prompt, those after the last full block included.</summary>
    public long Bytes { get; }

    /// <param name="salt">Cache salt of the tenant.</param>
    /// <param name="tools">The bytes of <c>tools</c> as sent, which engines put before the messages; empty if there are none.</param>
    public static PromptFingerprint Of(FingerprintKey key, string salt, string model, ReadOnlySpan<byte> tools, ReadOnlySpan<byte> prompt)
    {
        ulong[] beginnings = new ulong[prompt.Length / BlockBytes];
        FingerprintChain chain = new(key, Root(key, salt, model, tools));
        chain.Add(prompt, beginnings);
        return new PromptFingerprint(beginnings, prompt.Length);
    }

    /// <inheritdoc cref="Of(FingerprintKey, string, string, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public static PromptFingerprint Of(FingerprintKey key, string salt, string model, ReadOnlySpan<byte> tools, in ReadOnlySequence<byte> prompt)
    {
        if (prompt.IsSingleSegment)
        {
            return Of(key, salt, model, tools, prompt.FirstSpan);
        }

        ulong[] beginnings = new ulong[prompt.Length / BlockBytes];
        FingerprintChain chain = new(key, Root(key, salt, model, tools));
        Span<byte> seam = stackalloc byte[BlockBytes];
        SequenceReader<byte> reader = new(prompt);
        for (int done = 0; done < beginnings.Length;)
        {
            int whole = reader.UnreadSpan.Length / BlockBytes;
            if (whole > 0)
            {
                chain.Add(reader.UnreadSpan[..(whole * BlockBytes)], beginnings.AsSpan(done, whole));
                reader.Advance(whole * BlockBytes);
                done += whole;
                continue;
            }

            // A block that lies across two segments.
            reader.TryCopyTo(seam);
            reader.Advance(BlockBytes);
            chain.Add(seam, beginnings.AsSpan(done++, 1));
        }

        return new PromptFingerprint(beginnings, prompt.Length);
    }

    /// <summary>A fingerprint whose chain is known already, as in simulations.</summary>
    public static PromptFingerprint FromBeginnings(ulong[] beginnings, long bytes) => new(beginnings, bytes);

    private static ulong Root(FingerprintKey key, string salt, string model, ReadOnlySpan<byte> tools)
    {
        FingerprintChain chain = new(key, root: 0);
        chain.AddAll(Encoding.UTF8.GetBytes(salt));
        chain.AddAll(Encoding.UTF8.GetBytes(model));
        return chain.AddAll(tools);
    }
}
