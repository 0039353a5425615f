using System.Text.Json;
using Tiercel.Gateway.Tests.Fakes;

namespace Tiercel.Gateway.Tests.Endpoints;

public sealed class TokenizeTests
{
    [Fact]
    public async Task A_text_becomes_token_ids_and_text_again()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync("/tokenize", """{"model":"fake","prompt":"a</s>","return_token_strs":true}""");
        Assert.Equal(200, status);
        Assert.Equal("""{"count":3,"max_model_len":4096,"tokens":[256,97,257],"token_strs":["<s>","a","</s>"]}""", body.GetRawText());
        (_, body) = await gateway.PostJsonAsync("/detokenize", """{"tokens":[97,257,195,169]}""");
        Assert.Equal("""{"prompt":"a</s>é"}""", body.GetRawText());
    }

    [Fact]
    public async Task Special_tokens_can_be_left_out()
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (_, JsonElement body) = await gateway.PostJsonAsync("/tokenize", """{"prompt":"a","add_special_tokens":false}""");
        Assert.Equal("""{"count":1,"max_model_len":4096,"tokens":[97],"token_strs":null}""", body.GetRawText());
    }

    [Theory]
    [InlineData("/tokenize", "{}", "prompt")]
    [InlineData("/tokenize", """{"prompt":"a","messages":[{"role":"user","content":"b"}]}""", "messages")]
    [InlineData("/detokenize", "{}", "tokens")]
    [InlineData("/detokenize", """{"tokens":[300]}""", "tokens")]
    [InlineData("/detokenize", """{"tokens":[-1]}""", "tokens[0]")]
    public async Task What_is_wrong_is_named(string path, string json, string parameter)
    {
        await using TestGateway gateway = await TestGateway.StartAsync();
        (int status, JsonElement body) = await gateway.PostJsonAsync(path, json);
        Assert.Equal(400, status);
        Assert.Equal(parameter, body.GetProperty("error").GetProperty("param").GetString());
    }
}
