using System.Text.Json;
using Tiercel.Protocols.OpenAI;

namespace Tiercel.Protocols.Reading;

/// <summary>Reads what completions call a prompt and embeddings an input: a text, token ids, or a batch of either.</summary>
internal static class PromptReader
{
    private const string Expected = "a string, an array of strings, an array of token ids, or an array of arrays of token ids";

    public static List<PromptInput> Read(ref BodyReader reader)
    {
        if (reader.Token == JsonTokenType.String)
        {
            return [new PromptInput(reader.ReadString(), null)];
        }

        if (reader.Token != JsonTokenType.StartArray)
        {
            throw reader.WrongType(Expected);
        }

        if (!reader.NextElement())
        {
            throw reader.Invalid($"'{reader.Path()}' must not be empty.");
        }

        return reader.Token switch
        {
            JsonTokenType.Number => [new PromptInput(null, ReadTokens(ref reader))],
            JsonTokenType.String or JsonTokenType.StartArray => ReadBatch(ref reader),
            _ => throw reader.WrongType(Expected),
        };
    }

    /// <summary>The rest of an array of token ids, from the one the reader stands on.</summary>
    private static List<int> ReadTokens(ref BodyReader reader)
    {
        List<int> tokens = [];
        do
        {
            reader.AddInt(tokens, ApiLimits.PromptTokens);
        }
        while (reader.NextElement());
        return tokens;
    }

    private static List<PromptInput> ReadBatch(ref BodyReader reader)
    {
        bool texts = reader.Token == JsonTokenType.String;
        List<PromptInput> prompts = [];
        int totalTokens = 0;
        do
        {
            reader.Enter(prompts.Count);
            if (prompts.Count == ApiLimits.Prompts)
            {
                throw reader.TooMany(ApiLimits.Prompts);
            }

            if (texts)
            {
                prompts.Add(new PromptInput(reader.ReadString(), null));
            }
            else
            {
                List<int> tokens = reader.ReadInts(ApiLimits.PromptTokens - totalTokens);
                totalTokens += tokens.Count;
                prompts.Add(new PromptInput(null, tokens));
            }

            reader.Leave();
        }
        while (reader.NextElement());
        return prompts;
    }
}
