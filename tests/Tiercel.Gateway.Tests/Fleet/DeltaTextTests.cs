using System.Buffers;
using System.Text;
using Tiercel.Gateway.Fleet;

namespace Tiercel.Gateway.Tests.Fleet;

public sealed class DeltaTextTests
{
    [Theory]
    [InlineData("""{"role":"assistant"}""", true)]
    [InlineData("""{"role":"assistant","content":""}""", true)]
    [InlineData("""{"role":"assistant","content":null,"refusal":null,"tool_calls":[]}""", true)]
    [InlineData("""{"content":""}""", false)]
    [InlineData("""{"role":"assistant","content":"a"}""", false)]
    [InlineData("""{"role":"assistant","content":"","reasoning_content":"hm"}""", false)]
    [InlineData("""{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}""", false)]
    [InlineData("""{"tool_calls":[{"index":0}],"role":"assistant"}""", false)]
    public void A_chunk_is_a_role_only_when_it_says_nothing_else(string delta, bool expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($$"""data: {"id":"c","choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""" + "\n\n");
        Assert.Equal(expected, DeltaText.IsRoleOnly(new ReadOnlySequence<byte>(bytes)));
    }
}
