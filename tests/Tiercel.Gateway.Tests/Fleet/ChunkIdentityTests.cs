using System.Buffers;
using System.Text;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Gateway.Tests.Fleet;

public sealed class ChunkIdentityTests
{
    private const string First = "data: {\"id\":\"a\\u0062\",\"object\":\"chat.completion.chunk\",\"created\":17,\"model\":\"one\",\"choices\":[]}\n\n";

    [Theory]
    [InlineData("data: {\"id\":\"longer than before\",\"created\":9,\"model\":null,\"choices\":[{\"id\":\"inner\",\"text\":\"\\\"id\\\":\\\"x\\\"\"}]}\n\n", "data: {\"id\":\"a\\u0062\",\"created\":17,\"model\":\"one\",\"choices\":[{\"id\":\"inner\",\"text\":\"\\\"id\\\":\\\"x\\\"\"}]}\n\n")]
    [InlineData(": a comment {\ndata:{ \"model\" : \"two\" , \"choices\":[] }\n\n", ": a comment {\ndata:{ \"model\" : \"one\" , \"choices\":[] }\n\n")]
    [InlineData("data: {\"id\":{\"deep\":1},\"choices\":[]}\n\n", "data: {\"id\":{\"deep\":1},\"choices\":[]}\n\n")]
    [InlineData("data: {\"id\":\"x\",\ndata: \"choices\":[]}\n\n", "data: {\"id\":\"x\",\ndata: \"choices\":[]}\n\n")]
    [InlineData("data: [DONE]\n\n", "data: [DONE]\n\n")]
    public void Only_the_values_of_the_first_chunk_are_put_in(string chunk, string expected)
    {
        ChunkIdentity identity = new();
        identity.Learn(Sequence(First));
        identity.Learn(Sequence("data: {\"id\":\"late\",\"created\":1,\"model\":\"late\"}\n\n"));
        Assert.Equal(expected, Encoding.UTF8.GetString(identity.Apply(Sequence(chunk)).ToArray()));
        Assert.Equal(("\"a\\u0062\"", "17", "\"one\""), (identity.IdOr(""), identity.CreatedOr(""), identity.ModelOr("")));
    }

    [Fact]
    public void What_the_first_chunk_did_not_say_stays_as_it_is()
    {
        ChunkIdentity identity = new();
        identity.Learn(Sequence("data: {\"model\":\"one\"}\n\n"));
        Assert.Equal("data: {\"id\":\"x\",\"model\":\"one\"}\n\n", Encoding.UTF8.GetString(identity.Apply(Sequence("data: {\"id\":\"x\",\"model\":\"two\"}\n\n")).ToArray()));
        Assert.Equal("else", identity.IdOr("else"));
    }

    private static ReadOnlySequence<byte> Sequence(string text) => new(Encoding.UTF8.GetBytes(text));
}
