using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>Bodies made to cost time or memory. Each gets a clear error while the server goes on; time and memory are watched, not measured.</summary>
[Collection(nameof(MeasuredAloneCollection))]
public sealed class HostileBodyTests
{
    private const long MemoryWatchdog = 64L << 20;

    public static TheoryData<string, string, int> Cases => new()
    {
        { "deep arrays", "/v1/chat/completions", 400 },
        { "deep objects", "/v1/chat/completions", 400 },
        { "deep template arguments", "/v1/chat/completions", 400 },
        { "many messages", "/v1/chat/completions", 400 },
        { "many parts", "/v1/chat/completions", 400 },
        { "many unknown fields", "/v1/chat/completions", 400 },
        { "many equal fields", "/v1/chat/completions", 400 },
        { "many stops", "/v1/chat/completions", 400 },
        { "many biases", "/v1/chat/completions", 400 },
        { "many tool calls", "/v1/chat/completions", 400 },
        { "long string", "/v1/chat/completions", 400 },
        { "long escaped string", "/v1/chat/completions", 400 },
        { "long name", "/v1/chat/completions", 400 },
        { "long number", "/v1/chat/completions", 400 },
        { "many prompts", "/v1/completions", 400 },
        { "many tokens", "/v1/completions", 400 },
        { "many empty prompts", "/v1/completions", 400 },
        { "one long prompt", "/v1/completions", 400 },
        { "many choices of many prompts", "/v1/completions", 400 },
        { "too large", "/v1/completions", 413 },
        { "many tokens to detokenize", "/detokenize", 400 },
        { "one long text to tokenize", "/tokenize", 400 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_body_made_to_hurt_gets_a_clear_error_in_bounded_time_and_memory(string what, string path, int status)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        ByteArrayContent content = new(Encoding.UTF8.GetBytes(Body(what)));
        content.Headers.ContentType = new("application/json");
        // Sent twice: the first request pays for compiling the code on its way.
        using HttpResponseMessage first = await gateway.Client.PostAsync(path, content);
        Assert.Equal(status, (int)first.StatusCode);
        JsonElement error = default;
        await TimeBound.HoldAsync(TimeSpan.FromSeconds(1), async () =>
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            using HttpResponseMessage response = await gateway.Client.PostAsync(path, content);
            Assert.Equal(status, (int)response.StatusCode);
            long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            Assert.True(allocated < MemoryWatchdog, $"{what}: {allocated} bytes");
            error = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync()).GetProperty("error");
        });
        Assert.InRange(error.GetProperty("message").GetString()!.Length, 10, 400);

        (int after, _) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(200, after);
        await gateway.UntilIdleAsync();
    }

    [Fact]
    public async Task Random_bytes_never_make_a_fault_of_the_server()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        Random random = new(20261122);
        byte[] seed = Encoding.UTF8.GetBytes(
            """{"model":"fake","prompt":["a","é"],"max_tokens":2,"stop":["x"],"logit_bias":{"1":2},"n":1,"temperature":0.5,"stream":false}""");
        for (int i = 0; i < 400; i++)
        {
            byte[] body = (byte[])seed.Clone();
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            ByteArrayContent content = new(body[..random.Next(body.Length / 2, body.Length + 1)]);
            content.Headers.ContentType = new("application/json");
            using HttpResponseMessage response = await gateway.Client.PostAsync("/v1/completions", content);
            Assert.True((int)response.StatusCode is 200 or 400 or 404, $"{(int)response.StatusCode} for change {i}: {Encoding.Latin1.GetString(body)}");
        }
    }

    private static string Body(string what)
    {
        const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
        return what switch
        {
            "deep arrays" => $"{{{Messages},\"stop\":{new string('[', 100_000)}",
            "deep objects" => $"{{{Messages},\"metadata\":{Repeat("{\"a\":", 100_000)}",
            "deep template arguments" => $"{{{Messages},\"chat_template_kwargs\":{{\"a\":{new string('[', 10_000)}{new string(']', 10_000)}}}}}",
            "many messages" => $"{{\"messages\":[{Repeat("{\"role\":\"user\",\"content\":\"\"},", 400_000)}{{\"role\":\"user\",\"content\":\"\"}}]}}",
            "many parts" => $"{{\"messages\":[{{\"role\":\"user\",\"content\":[{Repeat("{\"type\":\"text\",\"text\":\"\"},", 400_000)}{{}}]}}]}}",
            "many unknown fields" => $"{{{Repeat("\"x\":1,", 2_000_000)}\"y\":1}}",
            "many equal fields" => $"{{{Repeat("\"n\":1,", 2_000_000)}\"n\":1}}",
            "many stops" => $"{{{Messages},\"stop\":[{Repeat("\"a\",", 1_000_000)}\"a\"]}}",
            "many biases" => $"{{{Messages},\"logit_bias\":{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i}\":1"))}}}}}",
            "many tool calls" => $"{{\"messages\":[{{\"role\":\"assistant\",\"tool_calls\":[{Repeat("{},", 1_000_000)}{{}}]}}]}}",
            "long string" => $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{new string('a', 15_000_000)}\"}}]}}",
            "long escaped string" => $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"{Repeat("\\u00e9", 2_000_000)}\"}}]}}",
            "long name" => $"{{\"{new string('x', 5_000_000)}\":1}}",
            "long number" => $"{{{Messages},\"temperature\":{new string('9', 1_000_000)}}}",
            "many prompts" => $"{{\"prompt\":[{Repeat("\"a\",", 3_000_000)}\"a\"]}}",
            "many tokens" => $"{{\"prompt\":[{Repeat("1,", 6_000_000)}1]}}",
            "many empty prompts" => $"{{\"prompt\":[{Repeat("[],", 3_000_000)}[]]}}",
            "one long prompt" => $"{{\"prompt\":\"{new string(' ', 15_000_000)}\"}}",
            "many choices of many prompts" => $"{{\"n\":128,\"prompt\":[{Repeat("\"a\",", 2000)}\"a\"]}}",
            "too large" => $"{{\"prompt\":\"{new string('a', 17 << 20)}\"}}",
            "many tokens to detokenize" => $"{{\"tokens\":[{Repeat("1,", 6_000_000)}1]}}",
            "one long text to tokenize" => $"{{\"prompt\":\"{new string('a', 15_000_000)}\"}}",
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    private static string Repeat(string text, int count) => new StringBuilder(text.Length * count).Insert(0, text, count).ToString();
}
