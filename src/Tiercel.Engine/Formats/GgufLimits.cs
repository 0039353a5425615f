namespace Tiercel.Engine.Formats;

/// <summary>
/// What a model file may ask of its reader. A file states its own counts and lengths, so each is held against these limits and against the bytes that
/// are left in the file before anything is allocated for it.
/// </summary>
internal static class GgufLimits
{
    /// <summary>Bytes of one string or one array in the file.</summary>
    public const long ValueBytes = 16L << 20;

    /// <summary>
    /// Bytes of memory for the whole header once it is read, so that a hostile file costs less than 64 MiB. A vocabulary of 262 144 tokens with half a
    /// million merges, the largest in use, takes about 45 MiB.
    /// </summary>
    public const long HeaderMemory = 56L << 20;

    public const long MetadataEntries = 65_536;

    public const long Tensors = 65_536;

    /// <summary>Arrays inside arrays; real files have none, and each level costs a frame of stack.</summary>
    public const int ArrayDepth = 4;

    public const int KeyBytes = 65_535;

    public const int TensorNameBytes = 64;

    public const int Dimensions = 4;

    public const long DefaultAlignment = 32;

    public const long MaxAlignment = 65_536;

    public const int SplitFiles = 1024;
}
