using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

public sealed class GgufSplitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public unsafe void Any_file_of_a_split_model_opens_all_of_it(int named)
    {
        SaveAll();
        using var file = GgufFile.Open(PartPath(named));
        Assert.Equal("llama", file.Metadata.GetString("general.architecture"));
        Assert.Equal(["t1", "t2", "t3"], file.Tensors.Keys.Order());
        Assert.Equal([PartPath(1), PartPath(2), PartPath(3)], file.Paths);
        foreach (int part in (int[])[1, 2, 3])
        {
            GgufTensor tensor = file.Tensors[$"t{part}"];
            Assert.Equal(part - 1, tensor.FileIndex);
            Assert.Equal((byte)part, *(byte*)file.GetAddress(tensor));
        }
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        SaveAll();
        File.Delete(PartPath(2));
        GgufProbe.Refused(GgufProbe.Open(PartPath(3)), "file 2 of 3", "missing", "model-00002-of-00003.gguf");
    }

    [Fact]
    public void Links_to_files_elsewhere_are_followed()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("links need a privilege on Windows");
        }

        // The Hugging Face cache is made of such links: names beside each other that point at blobs elsewhere.
        SaveAll();
        string blob = _folder.File("blob");
        File.Move(PartPath(2), blob);
        File.CreateSymbolicLink(PartPath(2), blob);
        Assert.Null(GgufProbe.Open(PartPath(1)));
        File.Delete(blob);
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "file 2 of 3", "missing");
        File.CreateSymbolicLink(blob, "/dev/zero");
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "model-00002-of-00003.gguf: the file is empty");
    }

    [Fact]
    public void Files_that_disagree_about_their_number_are_refused()
    {
        SaveAll();
        Part(2).Add("split.no", (ushort)1).Add("split.count", (ushort)4).Save(PartPath(2));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "model-00002-of-00003.gguf", "1 of 4");
        Part(2).Add("split.no", (ushort)2).Add("split.count", (ushort)3).Save(PartPath(2));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "model-00002-of-00003.gguf", "2 of 3");
        Part(2).Save(PartPath(2));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "model-00002-of-00003.gguf", "none");
    }

    [Fact]
    public void A_wrong_total_of_tensors_is_refused()
    {
        SaveAll(total: 4);
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "'split.tensors.count' is 4", "3 tensors");
    }

    [Fact]
    public void A_tensor_in_two_files_is_refused()
    {
        SaveAll();
        Part(2).Add("split.no", (ushort)1).Add("split.count", (ushort)3).AddTensor("t1", TensorType.F32, [1]).Save(PartPath(2));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "'t1' is in two files");
    }

    [Fact]
    public void A_file_of_another_architecture_is_refused()
    {
        SaveAll();
        Part(3).Add("general.architecture", "bert").Add("split.no", (ushort)2).Add("split.count", (ushort)3).Save(PartPath(3));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), "model-00003-of-00003.gguf", "'general.architecture'");
    }

    [Theory]
    [InlineData(0, 65_535, "'split.count' is 65535")]
    [InlineData(3, 3, "'split.no' is 3")]
    [InlineData(1, 3, "do not agree with its name")]
    [InlineData(0, 2, "do not agree with its name")]
    public void Numbers_that_do_not_fit_are_refused(int index, int count, string words)
    {
        Part(1).Add("split.no", (ushort)index).Add("split.count", (ushort)count).Save(PartPath(1));
        GgufProbe.Refused(GgufProbe.Open(PartPath(1)), words);
    }

    [Fact]
    public void A_split_model_under_a_name_of_another_form_is_refused()
    {
        string path = _folder.File("renamed.gguf");
        Part(1).Add("split.no", (ushort)0).Add("split.count", (ushort)3).Save(path);
        GgufProbe.Refused(GgufProbe.Open(path), "NAME-00001-of-00003.gguf");
    }

    [Fact]
    public void A_model_that_says_it_is_one_file_of_one_is_whole()
    {
        string path = _folder.File("whole.gguf");
        Part(1).Add("split.no", (ushort)0).Add("split.count", (ushort)1).Save(path);
        Assert.Null(GgufProbe.Open(path));
    }

    private string PartPath(int number) => _folder.File($"model-{number:D5}-of-00003.gguf");

    private static GgufWriter Part(int number) => new GgufWriter().AddTensor($"t{number}", TensorType.F32, [1], [(byte)number, 0, 0, 0]);

    private void SaveAll(int total = 3)
    {
        foreach (int number in (int[])[1, 2, 3])
        {
            GgufWriter writer = Part(number).Add("split.no", (ushort)(number - 1)).Add("split.count", (ushort)3).Add("split.tensors.count", total);
            (number == 1 ? writer.Add("general.architecture", "llama") : writer).Save(PartPath(number));
        }
    }
}
