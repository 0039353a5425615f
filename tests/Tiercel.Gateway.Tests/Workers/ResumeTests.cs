using System.Net;
using System.Text.Json;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Workers;

/// <summary>A stream that is cut between any two events goes on at another worker with the very bytes that were to come.</summary>
public sealed class ResumeTests : IAsyncLifetime
{
    private static readonly (string, string)[] Headers =
    [
        ("x-tiercel-id", "chatcmpl-the-same"), ("x-tiercel-created", "1700000000"), ("x-tiercel-seed", "18446744073709551615"),
        ("x-tiercel-tenant", "acme"), ("x-tiercel-priority", "3"), ("x-tiercel-request", "77"), ("x-tiercel-tokens", "1"),
    ];

    private TestWorker _first = null!;
    private TestWorker _second = null!;

    public async ValueTask InitializeAsync()
    {
        _first = await TestWorker.StartAsync();
        _second = await TestWorker.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"Tell me a story about a fox."}],"max_tokens":10,"stream":true}""")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"What is the capital of France?"}],"temperature":0,"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"Say é 漢 😀!"}],"n":3,"max_tokens":9,"temperature":1.9,"ignore_eos":true,"logprobs":true,"top_logprobs":2,"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"Tell me a story."}],"max_tokens":16,"stop":["e a"," the"," w"," wo","a l","e "],"frequency_penalty":0.4,"stream":true}""")]
    [InlineData("/v1/completions", """{"prompt":"Once upon a time","max_tokens":8,"n":2,"temperature":1.5,"stream":true}""")]
    [InlineData("/v1/completions", """{"prompt":"Once upon a time","max_tokens":8,"echo":true,"logprobs":2,"stop":["e a"," the","e "],"seed":-5,"stream":true}""")]
    [InlineData("/v1/completions", """{"prompt":"Once upon a time","max_tokens":0,"echo":true,"logprobs":1,"stream":true}""")]
    [InlineData("/v1/completions", """{"prompt":["Once","A fox","The moon"],"max_tokens":5,"n":2,"temperature":1.1,"echo":true,"stream":true,"stream_options":{"include_usage":true}}""")]
    public async Task Wherever_it_is_cut_the_client_sees_the_same(string path, string body)
    {
        List<string> whole = await TestWorker.StreamAsync(_first.Client, TestWorker.Post(path, body, Headers));
        Assert.Equal("data: [DONE]", whole[^1]);
        int choices = StreamCut.Choices(whole);
        for (int cut = 0; cut < whole.Count; cut++)
        {
            string resume = StreamCut.ResumeBody(path, body, whole[..cut]);
            List<string> rest = await TestWorker.StreamAsync(_second.Client, TestWorker.Post("/internal/resume", resume, Headers));
            for (int choice = 0; choice < choices; choice++)
            {
                string expected = StreamCut.ChunksOf(whole, choice);
                string found = StreamCut.ChunksOf(whole[..cut].Concat(rest), choice);
                Assert.True(expected == found, $"choice {choice}, cut after {cut} of {whole.Count}, asked with {resume}\nexpected:\n{expected}\nfound:\n{found}");
            }

            Assert.Equal(StreamCut.TailOf(whole), StreamCut.TailOf(whole[..cut].Where(news => !news.EndsWith("[DONE]", StringComparison.Ordinal) && !news.Contains("\"usage\":{", StringComparison.Ordinal)).Concat(rest)));
        }
    }

    [Fact]
    public async Task A_gateway_that_does_not_say_what_has_begun_gets_what_follows_from_the_tokens()
    {
        const string Path = "/v1/chat/completions";
        const string Body = """{"messages":[{"role":"user","content":"Tell me a story."}],"n":2,"max_tokens":4,"stream":true}""";
        List<string> whole = await TestWorker.StreamAsync(_first.Client, TestWorker.Post(Path, Body, Headers));
        List<string> rest = await TestWorker.StreamAsync(
            _second.Client, TestWorker.Post("/internal/resume", StreamCut.ResumeBody(Path, Body, whole[..2], begun: false), Headers));
        Assert.DoesNotContain(rest, news => news.Contains("\"role\"", StringComparison.Ordinal));
        Assert.Equal(StreamCut.ChunksOf(whole, 1), StreamCut.ChunksOf(whole[..2].Concat(rest), 1));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("[]", 400)]
    [InlineData("{}", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[],"body":{"prompt":"a","stream":true}} x""", 400)]
    [InlineData("""{"path":"/v1/embeddings","choices":[],"body":{"input":"a"}}""", 400)]
    [InlineData("""{"path":"/internal/resume","choices":[],"body":{"path":"/v1/completions","choices":[],"body":{"prompt":"a","stream":true}}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[],"body":{"prompt":"a"}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[],"body":{"prompt":"a","stream":true,"unknown":1}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[],"body":"{}"}""", 400)]
    [InlineData("""{"path":"/v1/completions","path":"/v1/completions","choices":[],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[],"more":1,"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":1,"tokens":[],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":-1,"tokens":[],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[99999999],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[-1],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[1.5],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":["a"],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[5,6,7],"finished":false}],"body":{"prompt":"a","max_tokens":2,"stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[5],"finished":false,"begun":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[],"finished":false},{"index":0,"tokens":[],"finished":false}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0,"tokens":[],"finished":0}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[{"index":0}],"body":{"prompt":"a","stream":true}}""", 400)]
    [InlineData("""{"path":"/v1/completions","choices":[[[[[""", 400)]
    public async Task What_cannot_be_resumed_is_refused_by_name(string body, int status)
    {
        using HttpResponseMessage response = await _first.Client.SendAsync(TestWorker.Post("/internal/resume", body, Headers));
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, text);
        Assert.True(JsonElement.Parse(text).GetProperty("error").GetProperty("message").GetString()!.Length > 10, text);
    }

    [Fact]
    public async Task Tokens_beyond_all_bounds_are_refused_and_the_worker_goes_on()
    {
        string tokens = string.Join(',', Enumerable.Repeat("5", 2_000_000));
        string body = $$"""{"path":"/v1/completions","choices":[{"index":0,"tokens":[{{tokens}}],"finished":false}],"body":{"prompt":"a","stream":true} }""";
        using (HttpResponseMessage response = await _first.Client.SendAsync(TestWorker.Post("/internal/resume", body, Headers)))
        {
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        string choices = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $$"""{"index":{{i}},"tokens":[],"finished":false} """));
        using (HttpResponseMessage response = await _first.Client.SendAsync(
            TestWorker.Post("/internal/resume", $$"""{"path":"/v1/completions","choices":[{{choices}}],"body":{"prompt":"a","stream":true} }""", Headers)))
        {
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        List<string> events = await TestWorker.StreamAsync(_first.Client, TestWorker.Post("/v1/completions", """{"prompt":"a","max_tokens":2,"stream":true}""", Headers));
        Assert.Equal("data: [DONE]", events[^1]);
    }
}
