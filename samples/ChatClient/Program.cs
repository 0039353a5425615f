// A model in your own process, behind the interfaces of Microsoft.Extensions.AI: no server, no HTTP.
//
//     dotnet run --project samples/ChatClient -- [model.gguf] [question]
using Microsoft.Extensions.AI;
using Tiercel.Engine;
using Tiercel.Engine.Chat;

string model = args.Length > 0 ? args[0] : "models/tiercel-tiny-q8_0.gguf";
string question = args.Length > 1 ? args[1] : "Tell me a story about a brave fox named Nia.";

using InferenceEngine engine = InferenceEngine.Load(model, new InferenceEngineOptions(), TimeProvider.System);
Console.WriteLine($"{engine.Model.Name}: {engine.Plan.Explanation}");

// One engine serves many clients at once; requests that begin alike share what was computed.
IChatClient client = new TiercelChatClient(engine, TimeProvider.System, seed: 7);
await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(question, new ChatOptions { Temperature = 0, MaxOutputTokens = 200 }))
{
    Console.Write(update.Text);
}

Console.WriteLine();

IEmbeddingGenerator<string, Embedding<float>> generator = new TiercelEmbeddingGenerator(engine, TimeProvider.System);
GeneratedEmbeddings<Embedding<float>> embeddings = await generator.GenerateAsync(["a fox", "a dog", "a sum"]);
Console.WriteLine($"{embeddings.Count} embeddings of {embeddings[0].Dimensions} numbers; usage: {embeddings.Usage?.InputTokenCount} tokens");
