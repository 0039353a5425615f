using System.Diagnostics;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void Metadata_of_every_type_is_read_back(uint version)
    {
        byte[] bytes = GgufSamples.Small().ToArray(("version", version));
        using GgufFile file = Open(bytes);
        GgufMetadata metadata = file.Metadata;
        Assert.Equal("llama", metadata.GetString("general.architecture"));
        Assert.Equal(200, metadata.GetInteger("a.u8"));
        Assert.Equal(-5, metadata.GetInteger("a.i8"));
        Assert.Equal(65_535, metadata.GetInteger("a.u16"));
        Assert.Equal(-32_768, metadata.GetInteger("a.i16"));
        Assert.Equal(-7, metadata.GetInteger("a.i32"));
        Assert.Equal(1ul << 63, metadata["a.u64"]);
        Assert.Equal(long.MinValue, metadata.GetInteger("a.i64"));
        Assert.Equal(1.5, metadata.GetNumber("a.f32"));
        Assert.Equal(0.1, metadata.GetNumber("a.f64"));
        Assert.Equal(-7.0, metadata.GetNumber("a.i32"));
        Assert.True(metadata.GetBoolean("a.bool"));
        Assert.Equal(["one", "", "zwölf 🦅", "nul\0l"], metadata.GetStrings("a.strings")!);
        Assert.Equal([1, 2, -3], metadata.GetIntegers("a.numbers")!);
        Assert.Equal([0.5, -0.25], metadata.GetNumbers("a.floats")!);
        Assert.Equal([true, false], metadata.GetBooleans("a.flags")!);
        object[] nested = Assert.IsType<object[]>(metadata["a.nested"]);
        Assert.Equal([1L, 2L], Assert.IsType<long[]>(nested[0]));
        Assert.Equal(17, metadata.Keys.Count);
    }

    [Fact]
    public void A_missing_key_is_null_and_one_of_another_type_is_refused_by_name()
    {
        using GgufFile file = Open(GgufSamples.Small().ToArray());
        Assert.Null(file.Metadata.GetString("b"));
        Assert.Null(file.Metadata.GetInteger("b"));
        Assert.Null(file.Metadata.GetNumbers("b"));
        Assert.Contains("'a.u8' is not a string", Assert.Throws<ModelFormatException>(() => file.Metadata.GetString("a.u8")).Message);
        Assert.Contains("'a.f32' is not an integer", Assert.Throws<ModelFormatException>(() => file.Metadata.GetInteger("a.f32")).Message);
        Assert.Contains("'a.u64' is 9223372036854775808", Assert.Throws<ModelFormatException>(() => file.Metadata.GetInteger("a.u64")).Message);
        Assert.Contains("'a.numbers' is not an array of strings", Assert.Throws<ModelFormatException>(() => file.Metadata.GetStrings("a.numbers")).Message);
    }

    [Fact]
    public unsafe void Tensors_lie_where_their_data_was_written()
    {
        using GgufFile file = Open(GgufSamples.Small().ToArray());
        GgufTensor embedding = file.Tensors["token_embd.weight"];
        Assert.Equal((4L, 3L, 48L), (embedding.Columns, embedding.Rows, embedding.ByteCount));
        Assert.Equal(Enumerable.Range(0, 48).Select(i => (byte)i), new ReadOnlySpan<byte>((void*)file.GetAddress(embedding), 48).ToArray());
        Assert.Equal(0, file.GetAddress(embedding) % 32);
        GgufTensor up = file.Tensors[GgufSamples.Tensor];
        Assert.Equal(136 * 7, new ReadOnlySpan<byte>((void*)file.GetAddress(up), 136).ToArray().Sum(value => value));
    }

    [Fact]
    public void Arrays_longer_than_the_read_buffer_are_whole()
    {
        string[] tokens = [.. Enumerable.Range(0, 30_000).Select(i => $"token {i}")];
        int[] types = [.. Enumerable.Range(0, 30_000)];
        string text = new('ä', 200_000);
        using GgufFile file = Open(new GgufWriter().Add("tokens", tokens).Add("types", types).Add("text", text).ToArray());
        Assert.Equal(tokens, file.Metadata.GetStrings("tokens")!);
        Assert.Equal(types.Select(i => (long)i), file.Metadata.GetIntegers("types")!);
        Assert.Equal(text, file.Metadata.GetString("text"));
    }

    [Fact]
    public void An_alignment_of_64_KiB_is_the_largest()
    {
        GgufWriter writer = new() { Alignment = 65_536 };
        using GgufFile file = Open(writer.Add("general.alignment", 65_536u).AddTensor("t", TensorType.F32, [1], [1, 2, 3, 4]).ToArray());
        Assert.Equal(65_536, file.Tensors["t"].Offset);
    }

    [Fact]
    public void A_path_in_a_name_is_just_a_name()
    {
        using GgufFile file = Open(new GgufWriter().Add("../key", "../../value").AddTensor("../tensor", TensorType.F32, [1]).ToArray());
        Assert.Equal("../../value", file.Metadata.GetString("../key"));
        Assert.Equal([_folder.File("model.gguf")], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_open_is_refused_at_the_next_use()
    {
        byte[] bytes = GgufSamples.Small().ToArray();
        using GgufFile file = Open(bytes);
        GgufTensor last = file.Tensors[GgufSamples.Tensor];
        Assert.NotEqual(0, file.GetAddress(last));
        using (FileStream writer = new(file.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            writer.SetLength(bytes.Length - 1);
        }

        Assert.Contains($"tensor '{last.Name}'", Assert.Throws<ModelFormatException>(() => file.GetAddress(last)).Message);
        Assert.NotEqual(0, file.GetAddress(file.Tensors["token_embd.weight"]));
    }

    [Fact]
    public void A_file_that_is_replaced_or_deleted_keeps_its_weights_while_it_is_open()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows keeps a mapped file from being deleted");
        }

        using GgufFile file = Open(GgufSamples.Small().ToArray());
        File.Delete(file.Path);
        Assert.Equal((47 * 24) + (136 * 7), GgufProbe.ReadAll(file));
    }

    [Fact]
    public void A_tensor_of_another_model_is_checked_against_this_one()
    {
        using GgufFile file = Open(GgufSamples.Small().ToArray());
        GgufTensor tensor = file.Tensors[GgufSamples.Tensor];
        Assert.Throws<ModelFormatException>(() => file.GetAddress(tensor with { Offset = tensor.Offset + 1 }));
        Assert.Throws<ModelFormatException>(() => file.GetAddress(tensor with { Offset = -1 }));
        Assert.Throws<ModelFormatException>(() => file.GetAddress(tensor with { ByteCount = long.MaxValue }));
        Assert.Throws<ModelFormatException>(() => file.GetAddress(tensor with { FileIndex = 1 }));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.GetAddress(tensor));
    }

    [Fact]
    public void Pipes_devices_folders_and_missing_files_are_refused_at_once()
    {
        Assert.Throws<FileNotFoundException>(() => GgufFile.Open(_folder.File("missing.gguf")));
        Assert.ThrowsAny<IOException>(() => GgufFile.Open(_folder.Path));
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        string pipe = _folder.File("pipe.gguf");
        using (var process = Process.Start("mkfifo", pipe))
        {
            process.WaitForExit();
        }

        GgufProbe.Refused(GgufProbe.Open(pipe), "empty");
        GgufProbe.Refused(GgufProbe.Open("/dev/zero"), "empty");
    }

    private GgufFile Open(byte[] bytes)
    {
        string path = _folder.File("model.gguf");
        File.WriteAllBytes(path, bytes);
        return GgufFile.Open(path);
    }
}
