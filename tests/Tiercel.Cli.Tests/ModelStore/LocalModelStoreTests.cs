using Tiercel.Cli.ModelStore;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.ModelStore;

public sealed class LocalModelStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LocalModelStore _store;

    public LocalModelStoreTests()
    {
        File.WriteAllText(_folder.File("bundled.gguf"), "bundled");
        _store = new LocalModelStore(_folder.File("models"), _folder.File("bundled.gguf"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("maker/chat:Q4_K_M")]
    [InlineData("Maker/Chat:q4_k_m")]
    [InlineData("hf.co/maker/chat:Q4_K_M")]
    [InlineData("https://huggingface.co/maker/chat:Q4_K_M")]
    [InlineData("maker/chat:chat-Q4_K_M.gguf")]
    [InlineData("chat-Q4_K_M")]
    [InlineData("chat-q4_k_m.gguf")]
    public void A_model_is_found_by_any_of_its_names(string name)
    {
        string path = Put("maker/chat/chat-Q4_K_M.gguf");
        Put("maker/chat/chat-Q8_0.gguf");
        Put("other/chat/other-Q4_K_M.gguf");
        Assert.Equal((path, "maker/chat:Q4_K_M"), (_store.Find(name).Path, _store.Find(name).Name));
    }

    [Fact]
    public void A_repository_with_one_model_needs_no_quantization()
    {
        string path = Put("maker/chat/chat-Q4_K_M.gguf");
        Assert.Equal(path, _store.Find("maker/chat").Path);
        Put("maker/chat/chat-Q8_0.gguf");
        Assert.Equal("'maker/chat' could be any of maker/chat:Q4_K_M, maker/chat:Q8_0", Refusal("maker/chat"));
    }

    [Fact]
    public void The_bundled_model_is_found_by_name_and_stays()
    {
        Assert.Equal(_folder.File("bundled.gguf"), _store.Find("tiercel-tiny").Path);
        Assert.Equal("tiercel-tiny", Assert.Single(_store.List()).Name);
        string own = Put("tiercel-tiny.gguf");
        Assert.Equal(_folder.File("bundled.gguf"), _store.Find("tiercel-tiny").Path);
        Assert.Equal(own, _store.Find("tiercel-tiny.gguf").Path);
        Assert.Contains("cannot be removed", Assert.Throws<ModelStoreException>(() => _store.Remove("tiercel-tiny")).Message);
        Assert.True(File.Exists(_folder.File("bundled.gguf")));
    }

    [Fact]
    public void A_path_to_a_file_is_a_model_wherever_it_is_and_is_not_removed()
    {
        string path = _folder.File("elsewhere-Q8_0.gguf");
        File.WriteAllText(path, "12345");
        StoredModel model = _store.Find(path);
        Assert.Equal((path, "elsewhere-Q8_0", 5, "Q8_0"), (model.Path, model.Name, model.Size, model.Quantization));
        Assert.Throws<ModelStoreException>(() => _store.Remove(path));
        Assert.True(File.Exists(path));
        Assert.Equal("there is no file 'missing.gguf'", Refusal("missing.gguf"));

        // Other programs keep models under names without an ending.
        string blob = _folder.File("sha256-0123abcd");
        File.WriteAllText(blob, "12345");
        Assert.Equal((blob, "sha256-0123abcd"), (_store.Find(blob).Path, _store.Find(blob).Name));
        Assert.Contains("is a folder", Refusal(_folder.Path));
    }

    [Fact]
    public void An_unknown_name_lists_what_there_is()
    {
        Put("maker/chat/chat-Q4_K_M.gguf");
        Assert.Equal("there is no model 'maker/chat:Q8_0'; there are maker/chat:Q4_K_M, tiercel-tiny", Refusal("maker/chat:Q8_0"));
        Assert.Contains("pull one", Assert.Throws<ModelStoreException>(() => new LocalModelStore(_folder.File("none")).Find("x")).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../bundled")]
    [InlineData("..")]
    [InlineData("/")]
    [InlineData("maker/../../bundled")]
    [InlineData("..\\bundled")]
    [InlineData("maker/chat:../../bundled")]
    [InlineData("bundled\0.gguf")]
    [InlineData("\e[2J")]
    public void Names_that_lead_elsewhere_find_and_remove_nothing(string name)
    {
        Put("maker/chat/chat-Q4_K_M.gguf");
        Assert.DoesNotContain(Refusal(name), char.IsControl);
        Assert.Throws<ModelStoreException>(() => _store.Remove(name));
        Assert.Equal(2, Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories).Length);
    }

    [Theory]
    [InlineData("..", "x.gguf")]
    [InlineData("a/..", "x.gguf")]
    [InlineData("a/b", "../../../x.gguf")]
    [InlineData("a/b", "/x.gguf")]
    [InlineData("a/b", "c\\x.gguf")]
    [InlineData("a/b", "x\0.gguf")]
    [InlineData("a/b", "")]
    public void No_path_leads_out_of_the_store(string repository, string file)
        => Assert.Contains("not a safe file name", Assert.Throws<ModelStoreException>(() => _store.PathOf(repository, file)).Message);

    [Fact]
    public void Removing_a_model_takes_its_record_its_parts_and_the_folders_it_leaves_empty()
    {
        Put("maker/split/split-Q8_0-00001-of-00002.gguf");
        Put("maker/split/split-Q8_0-00002-of-00002.gguf");
        Put("maker/split/split-Q8_0-00001-of-00002.gguf.json");
        Put("maker/split/split-Q8_0-00002-of-00002.gguf.0123456789abcdef.partial");
        string other = Put("maker/chat/chat-Q8_0.gguf");
        Assert.Equal(2, _store.Remove("maker/split").Files.Count);
        Assert.Equal([other], Directory.GetFiles(_store.Folder, "*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(_folder.File("models", "maker", "split")));
        _store.Remove("chat-Q8_0");
        Assert.Empty(Directory.GetFileSystemEntries(_store.Folder));
    }

    [Fact]
    public void Files_put_into_the_folder_by_hand_are_models_too()
    {
        Put("loose-Q5_0.gguf");
        Put("maker/chat/plain.gguf");
        Put("maker/two/one-Q8_0.gguf");
        Put("maker/two/two-Q8_0.gguf");
        Put("maker/part/part-F16-00002-of-00003.gguf");
        Put("maker/chat/notes.txt");
        Assert.Equal(
            [
                ("loose-Q5_0", "Q5_0", null),
                ("maker/chat:plain.gguf", null, null),
                ("maker/part:F16", "F16", "1 of its 3 files are here"),
                ("maker/two:one-Q8_0.gguf", "Q8_0", null),
                ("maker/two:two-Q8_0.gguf", "Q8_0", null),
                ("tiercel-tiny", null, null),
            ],
            _store.List().Select(model => (model.Name, model.Quantization, model.Problem)));
        Assert.All(_store.List(), model => Assert.Equal(model, _store.Find(model.Name), (left, right) => left.Path == right.Path));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"repository\":\"maker/chat\",\"files\":[null]}")]
    [InlineData("{\"repository\":null,\"files\":[]}")]
    public void A_record_that_cannot_be_read_is_said_and_does_not_hide_the_model(string record)
    {
        string path = Put("maker/chat/chat-Q8_0.gguf");
        File.WriteAllText($"{path}.json", record);
        StoredModel model = _store.Find("maker/chat");
        Assert.Equal((null, $"its record {path}.json cannot be read"), (model.Record, model.Problem));
        Assert.Null(_store.RecordedFile("maker/chat", "chat-Q8_0.gguf"));
    }

    [Fact]
    public void The_folder_is_in_the_home_folder_or_where_TIERCEL_HOME_says()
    {
        Assert.Equal(Path.Combine("/srv/tiercel", "models"), LocalModelStore.DefaultFolder(name => name == "TIERCEL_HOME" ? "/srv/tiercel" : null));
        Assert.EndsWith(Path.Combine(".tiercel", "models"), LocalModelStore.DefaultFolder(_ => null), StringComparison.Ordinal);
    }

    private string Refusal(string name) => Assert.Throws<ModelStoreException>(() => _store.Find(name)).Message;

    private string Put(string path)
    {
        string full = _folder.File(["models", .. path.Split('/')]);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "{\"repository\":\"maker/split\",\"files\":[{\"path\":\"p\",\"sha256\":\"s\"}]}");
        return full;
    }
}
