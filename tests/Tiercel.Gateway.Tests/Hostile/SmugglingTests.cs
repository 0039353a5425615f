using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Hostile;

/// <summary>
/// Requests whose end two readers could see in two places. The server may refuse them or see exactly one request; never may what hides in a body be
/// answered as a request of its own.
/// </summary>
public sealed class SmugglingTests
{
    private const string Head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    private const string Hidden = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";

    public static TheoryData<string, string> Cases => new()
    {
        { "length and chunked", Head + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Hidden },
        { "chunked and length", Head + "Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n" + Hidden },
        { "two lengths", Head + "Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + Hidden },
        { "two equal lengths in one", Head + "Content-Length: 2, 2\r\n\r\n{}" + Hidden },
        { "hexadecimal length", Head + "Content-Length: 0x2\r\n\r\n{}" + Hidden },
        { "negative length", Head + "Content-Length: -1\r\n\r\n{}" + Hidden },
        { "length beyond 64 bits", Head + "Content-Length: 99999999999999999999\r\n\r\n{}" + Hidden },
        { "unknown coding", Head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + Hidden },
        { "two codings", Head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + Hidden },
        { "coding twice", Head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + Hidden },
        { "coding after a tab", Head + "Transfer-Encoding:\tchunked, cow\r\n\r\n0\r\n\r\n" + Hidden },
        { "coding with a vertical tab", Head + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" + Hidden },
        { "space before the colon", Head + "Content-Length : 60\r\n\r\n" + Hidden },
        { "leading space in a name", Head + " Content-Length: 60\r\n\r\n" + Hidden },
        { "folded line", Head + "X-Fold: a\r\n b\r\nContent-Length: 2\r\n\r\n{}" + Hidden },
        { "bare line feed in a header", Head + "X-A: b\nContent-Length: 60\r\n\r\n" + Hidden },
        { "bare carriage return in a header", Head + "X-A: b\rContent-Length: 60\r\n\r\n" + Hidden },
        { "null in a header", Head + "X-A: b\0c\r\n\r\n" + Hidden },
        { "line feed after a chunk extension", Head + "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n" + Hidden },
        { "carriage return in a chunk extension", Head + "Transfer-Encoding: chunked\r\n\r\n2;a\rb\r\n{}\r\n0\r\n\r\n" + Hidden },
        { "negative chunk", Head + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" + Hidden },
        { "chunk beyond 64 bits", Head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n" + Hidden },
        { "chunk of another length", Head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n0\r\n\r\n" + Hidden },
        { "no host", "GET /version HTTP/1.1\r\n\r\n" },
        { "two hosts", "GET /version HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" },
        { "absolute target of another host", "GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\n\r\n" },
        { "older than HTTP", "GET /version\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_request_with_two_ends_is_refused_or_seen_once(string what, string request)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync(request, silence: TimeSpan.FromMilliseconds(500));
        Assert.False(answer.Contains("\"version\"", StringComparison.Ordinal), $"{what}: the hidden request was answered\n{answer}");
        if (answer.Length > 0)
        {
            Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        }

        (int status, _) = await gateway.PostJsonAsync("/v1/completions", """{"prompt":"a"}""");
        Assert.Equal(200, status);
    }

    /// <summary>
    /// Kestrel reads "+2" as 2, which the grammar of HTTP does not allow, and keeps no trace of the sign. It is the number that anyone who reads it at all
    /// reads, so the end of the body is in one place.
    /// </summary>
    [Fact]
    public async Task A_signed_length_is_its_number()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync(Head + "Content-Length: +14\r\nConnection: close\r\n\r\n{\"prompt\":\"a\"}" + Hidden);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("\"version\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_2_is_refused_in_its_own_words()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        // A GOAWAY frame, type 7, whose error is HTTP_1_1_REQUIRED, 13.
        Assert.Equal((7, 13), (answer[3], answer[16]));
    }

    [Fact]
    public async Task Two_requests_in_one_packet_are_two_requests()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync(
            "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\nGET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.Equal(3, answer.Split("HTTP/1.1 200").Length);
    }

    [Fact]
    public async Task A_client_that_asks_first_is_told_to_go_on()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        string answer = await gateway.SendRawAsync(
            Head + "Content-Length: 14\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n{\"prompt\":\"a\"}");
        Assert.Contains("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }
}
