namespace Tiercel.Engine.Formats;

/// <summary>The first eight bytes: what kind of file this is. The files that people name by mistake get a message of their own.</summary>
internal static class GgufSignature
{
    public static void Check(GgufCursor cursor)
    {
        if (cursor.Length == 0)
        {
            throw cursor.Fail("the file is empty");
        }

        ReadOnlySpan<byte> magic = cursor.Take(4, "magic");
        if (!magic.SequenceEqual("GGUF"u8))
        {
            throw cursor.Fail($"magic is {Convert.ToHexString(magic)}, not 'GGUF'; {Guess(magic)}");
        }

        uint version = cursor.ReadUInt32("version");
        if (version is not (2 or 3))
        {
            throw cursor.Fail(Explain(version));
        }
    }

    private static string Guess(ReadOnlySpan<byte> magic)
    {
        if (magic.SequenceEqual("FUGG"u8))
        {
            return "this is a byte-swapped (big-endian) model; take the little-endian file";
        }

        if (magic.SequenceEqual("lmgg"u8) || magic.SequenceEqual("fmgg"u8) || magic.SequenceEqual("tjgg"u8))
        {
            return "this is a model in a format older than GGUF; convert it again";
        }

        // A Git LFS pointer begins with "version https://git-lfs…".
        return magic.SequenceEqual("vers"u8) ? "this looks like a Git LFS pointer, not the model itself; fetch the file" : "this is not a GGUF model";
    }

    private static string Explain(uint version)
    {
        if (version == 1)
        {
            return "version is 1, which has not been written since 2023; convert the model again";
        }

        // The low half of a version is empty only when its bytes are in the other order.
        return version != 0 && (version & 0xFFFF) == 0
            ? $"version is 0x{version:X8}: this is a byte-swapped (big-endian) model; take the little-endian file"
            : $"version is {version}; versions 2 and 3 are supported";
    }
}
