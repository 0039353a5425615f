namespace Tiercel.Bench.Engine.Models;

/// <summary>The sizes of a model that people run; its weights are random.</summary>
/// <param name="Name">Short name, also of the file.</param>
/// <param name="Architecture">As in <c>general.architecture</c>.</param>
/// <param name="HeadLength">Length of a head's keys and values.</param>
/// <param name="HasHeadNorms">Queries and keys are normalised per head.</param>
internal sealed record ModelShape(
    string Name, string Architecture, int Layers, int Width, int FeedForward, int Heads, int KvHeads, int HeadLength, int Vocabulary, float RopeBase, float Epsilon, bool HasHeadNorms)
{
    public static ModelShape Qwen3 { get; } = new("qwen3-0.6b", "qwen3", 28, 1024, 3072, 16, 8, 128, 151_936, 1_000_000, 1e-6f, HasHeadNorms: true);

    public static ModelShape Llama32 { get; } = new("llama-3.2-1b", "llama", 16, 2048, 8192, 32, 8, 64, 128_256, 500_000, 1e-5f, HasHeadNorms: false);

    /// <summary>Bytes of float16 keys and values of one token.</summary>
    public long KvBytesPerToken => 2L * Layers * KvHeads * HeadLength * sizeof(ushort);
}
