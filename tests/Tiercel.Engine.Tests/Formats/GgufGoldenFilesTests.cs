using System.IO.Compression;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

public sealed class GgufGoldenFilesTests
{
    [Fact]
    public void Opens_every_golden_model_and_every_byte_of_its_weights_can_be_read()
    {
        string[] paths = Directory.GetFiles(TestFiles.Shared("golden", "models"), "*.gguf");
        Assert.True(paths.Length >= 35, $"{paths.Length} models");
        foreach (string path in paths)
        {
            using var file = GgufFile.Open(path);
            Assert.NotNull(file.Metadata.GetString("general.architecture"));
            Assert.Contains("token_embd.weight", file.Tensors.Keys);
            Assert.Equal(new FileInfo(path).Length, file.ByteCount);
            Assert.True(GgufProbe.ReadAll(file) > 0);
        }
    }

    [Fact]
    public void Opens_the_bundled_model()
    {
        using var file = GgufFile.Open(Path.Combine(TestFiles.RepositoryRoot, "models", "tiercel-tiny-q8_0.gguf"));
        long width = file.Metadata.GetInteger($"{file.Metadata.GetString("general.architecture")}.embedding_length")!.Value;
        GgufTensor embedding = file.Tensors["token_embd.weight"];
        Assert.Equal([width, file.Metadata.GetStrings("tokenizer.ggml.tokens")!.Count], embedding.Shape);
        Assert.Equal(TensorType.Q8_0, embedding.Type);
        Assert.Equal(embedding.Rows * TensorLayout.Of(embedding.Type).RowBytes(embedding.Columns), embedding.ByteCount);
    }

    [Theory]
    [InlineData("smollm2-135m-instruct-q4_1.gguf", 49152)]
    [InlineData("all-minilm-l6-v2-f16.gguf", 30522)]
    public void Opens_the_real_models_at_little_cost(string name, int tokens)
    {
        string path = TestFiles.Shared("models", "real", name);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using var file = GgufFile.Open(path);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(tokens, file.Metadata.GetStrings("tokenizer.ggml.tokens")!.Count);
        Assert.InRange(allocated, 1, 12 << 20);
    }

    [Fact]
    public void Opens_a_vocabulary_without_tensors()
    {
        string packed = TestFiles.Shared("golden", "tokenizer", "qwen3-vocab.gguf.gz");
        string path = Path.Combine(Path.GetTempPath(), $"{nameof(GgufGoldenFilesTests)}-{Environment.ProcessId}.gguf");
        try
        {
            using (GZipStream from = new(File.OpenRead(packed), CompressionMode.Decompress))
            using (FileStream to = File.Create(path))
            {
                from.CopyTo(to);
            }

            using var file = GgufFile.Open(path);
            Assert.Empty(file.Tensors);
            Assert.Equal(151_936, file.Metadata.GetStrings("tokenizer.ggml.tokens")!.Count);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
