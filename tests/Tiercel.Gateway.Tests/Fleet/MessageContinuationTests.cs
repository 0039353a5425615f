using System.Text;
using System.Text.Json;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Gateway.Tests.Fleet;

public class MessageContinuationTests
{
    [Theory]
    [InlineData("")]
    [InlineData(",\"response_format\":{\"type\":\"text\"}")]
    [InlineData(",\"response_format\":null,\"tools\":null,\"logprobs\":false")]
    [InlineData(",\"vendor\":{\"tools\":[1],\"vendor\":2}")]
    public void A_plain_chat_can_be_continued(string more) => Assert.True(Can(more));

    [Theory]
    [InlineData(",\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData(",\"response_format\":{\"type\":\"text\",\"json_schema\":{}}")]
    [InlineData(",\"structured_outputs\":{\"regex\":\"a+\"}")]
    [InlineData(",\"guided_json\":{}")]
    [InlineData(",\"tools\":[{}]")]
    [InlineData(",\"functions\":[{}]")]
    [InlineData(",\"logprobs\":true")]
    [InlineData(",\"continue_final_message\":true")]
    [InlineData(",\"vendor\":1,\"vendor\":2")]
    public void What_is_more_than_text_or_can_be_read_in_two_ways_cannot(string more) => Assert.False(Can(more));

    [Fact]
    public void The_partial_message_is_added_and_the_limit_is_what_is_left()
    {
        byte[] body = MessageContinuation.Apply(Body(",\"max_tokens\":10,\"top_p\":0.10"), Encoding.UTF8.GetBytes("so \\\"far\\\" é"), 3);
        JsonElement root = JsonElement.Parse(body);
        Assert.Equal("so \"far\" é", root.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal("assistant", root.GetProperty("messages")[1].GetProperty("role").GetString());
        Assert.Equal(3, root.GetProperty("max_tokens").GetInt32());
        Assert.Equal("0.10", root.GetProperty("top_p").GetRawText());
        Assert.False(root.GetProperty("add_generation_prompt").GetBoolean());
    }

    private static bool Can(string more) => MessageContinuation.CanApply(Body(more));

    private static byte[] Body(string more) => Encoding.UTF8.GetBytes($"{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]{more}}}");
}
