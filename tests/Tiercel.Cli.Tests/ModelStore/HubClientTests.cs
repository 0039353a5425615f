using System.Text;
using Microsoft.AspNetCore.Http;
using Tiercel.Cli.ModelStore;

namespace Tiercel.Cli.Tests.ModelStore;

public sealed class HubClientTests
{
    private const string Name = "Maker/Model-GGUF:Q4_0";

    [Theory]
    [InlineData("../../../.ssh/x-Q4_0.gguf")]
    [InlineData("/etc/x-Q4_0.gguf")]
    [InlineData("a/../../x-Q4_0.gguf")]
    [InlineData("a\\..\\x-Q4_0.gguf")]
    [InlineData("C:x-Q4_0.gguf")]
    [InlineData("a//x-Q4_0.gguf")]
    [InlineData(".hidden/x-Q4_0.gguf")]
    [InlineData("a\0/x-Q4_0.gguf")]
    [InlineData("\e[2Jx-Q4_0.gguf")]
    public async Task A_listing_with_an_unsafe_name_is_refused(string file)
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[file] = PullFixture.Content(10, 1);
        string refusal = await pull.RefusalAsync(Name);
        Assert.Contains("a file that is not safely named", refusal);
        Assert.DoesNotContain(refusal, char.IsControl);
        Assert.Empty(pull.StoredFiles);
    }

    [Theory]
    [InlineData("<html>Please sign in</html>", "does not answer like a hub")]
    [InlineData("null", "answers without a listing")]
    [InlineData("{}", "has no commit")]
    [InlineData("""{"sha":"main","siblings":[]}""", "has no commit")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567"}""", "has no GGUF model files")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[null,{"rfilename":null}]}""", "has no GGUF model files")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a-Q4_0.gguf","size":9}]}""", "gives no SHA-256 for")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a-Q4_0.gguf","lfs":{"size":-1}}]}""", "has -1 bytes")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"a-Q4_0.gguf","lfs":{"size":9223372036854775807}}]}""", "bytes")]
    public async Task A_listing_of_another_form_is_refused(string body, string words)
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Listing = context => context.Response.WriteAsync(body);
        Assert.Contains(words, await pull.RefusalAsync(Name));
    }

    [Fact]
    public async Task A_listing_without_end_is_cut_off()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        byte[] part = Encoding.ASCII.GetBytes(new string(' ', 1 << 20));
        pull.Hub.Listing = async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(part, context.RequestAborted);
            }
        };
        Assert.Contains("is longer than 33.6 MB", await pull.RefusalAsync(Name));
    }

    [Fact]
    public async Task A_busy_hub_is_asked_again_and_one_that_asks_for_much_patience_is_not()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files["m-Q4_0.gguf"] = PullFixture.Content(10, 1);
        int asked = 0;
        pull.Hub.Listing = context =>
        {
            context.Response.StatusCode = asked++ == 0 ? 503 : 429;
            context.Response.Headers.RetryAfter = asked == 1 ? "0" : "3600";
            return Task.CompletedTask;
        };
        Assert.Equal("127.0.0.1 answers 429 for Maker/Model-GGUF; it asks to try again in 60 minutes", await pull.RefusalAsync(Name));
        Assert.Equal(2, asked);
    }

    [Theory]
    [InlineData("file:///etc/passwd", "redirects to file")]
    [InlineData("ftp://127.0.0.1/x", "redirects to ftp")]
    public async Task A_redirect_to_another_protocol_is_refused(string address, string words)
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files["m-Q4_0.gguf"] = PullFixture.Content(10, 1);
        pull.Hub.RedirectTo = address;
        Assert.Contains(words, await pull.RefusalAsync(Name));
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files["m-Q4_0.gguf"] = PullFixture.Content(10, 1);
        pull.Hub.RedirectTo = $"/Maker/Model-GGUF/resolve/{HubServer.Commit}/m-Q4_0.gguf";
        Assert.Contains("redirects more than 10 times", await pull.RefusalAsync(Name));
    }

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_named()
    {
        HubOptions options = new(new Uri("http://127.0.0.1:1"), null) { RetryDelay = TimeSpan.FromMilliseconds(1) };
        using HubClient client = new(options, TimeProvider.System);
        ModelStoreException refusal = await Assert.ThrowsAsync<ModelStoreException>(
            () => client.GetRepositoryAsync(HubModelName.Parse(Name), CancellationToken.None));
        Assert.StartsWith("cannot reach 127.0.0.1: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mirror_below_a_path_is_asked_below_it()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        HubOptions options = new(new Uri(pull.Hub.Address, "mirror/hf"), null);
        using HubClient client = new(options, TimeProvider.System);
        HubRepository repository = new("a/b", HubServer.Commit, []);
        Assert.Equal(
            $"{pull.Hub.Address}mirror/hf/a/b/resolve/{HubServer.Commit}/folder/with%20space%23.gguf",
            client.FileAddress(repository, new HubFile("folder/with space#.gguf", 1, "")).AbsoluteUri);
    }

    [Theory]
    [InlineData(null, null, "https://huggingface.co/", null)]
    [InlineData("https://mirror.example/hf/", " hf_x\n", "https://mirror.example/hf", "hf_x")]
    [InlineData("http://localhost:8080", "hf_x", "http://localhost:8080/", "hf_x")]
    [InlineData("http://mirror.example", "", "http://mirror.example/", null)]
    public void The_environment_says_which_hub_and_who(string? endpoint, string? token, string address, string? used)
    {
        HubOptions options = HubOptions.FromEnvironment(name => name == "HF_ENDPOINT" ? endpoint : token);
        Assert.Equal((address, used), (options.Endpoint.AbsoluteUri, options.Token));
    }

    [Theory]
    [InlineData("mirror", null, "HF_ENDPOINT 'mirror'")]
    [InlineData("file:///tmp", null, "HF_ENDPOINT")]
    [InlineData("https://user:secret@mirror.example", null, "HF_ENDPOINT")]
    [InlineData("http://mirror.example", "hf_x", "unencrypted")]
    [InlineData(null, "hf x", "HF_TOKEN")]
    [InlineData(null, "hf\r\nX-Other: 1", "HF_TOKEN")]
    public void An_environment_that_cannot_be_used_is_refused(string? endpoint, string? token, string words)
        => Assert.Contains(words, Assert.Throws<ModelStoreException>(() => HubOptions.FromEnvironment(name => name == "HF_ENDPOINT" ? endpoint : token)).Message);
}
