using Tiercel.Engine;
using Tiercel.Gateway.Prompts;
using Tiercel.Protocols.Errors;
using Tiercel.Protocols.OpenAI;
using Tiercel.Protocols.Reading;
using Tiercel.Protocols.Writing;

namespace Tiercel.Gateway.Endpoints;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsEndpoint(GatewayServices services) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!RequestBodies.TryReadEmbeddings(bytes.Bytes, out EmbeddingsBody? body, out ApiError? error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        // 3 Resolve.
        if (!services.Models.TryResolve(exchange.Peer is null ? body.Model : null, out IInferenceEngine? engine, out error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        exchange.Model = engine.Model.Name;
        if (body.Dimensions is int dimensions && dimensions != engine.Model.EmbeddingLength)
        {
            await exchange.RefuseAsync(ApiErrors.UnsupportedValue("dimensions", $"this model's vectors have {engine.Model.EmbeddingLength} numbers."));
            return;
        }

        List<EmbeddingRequest> requests = new(body.Inputs.Count);
        exchange.AnswerId = services.Random.NextId("embd-");
        for (int i = 0; i < body.Inputs.Count; i++)
        {
            string name = body.Inputs.Count == 1 ? "input" : $"input[{i}]";
            EncodedPrompt prompt = services.Prompts.Encode(name, body.Inputs[i], parseSpecial: false, addSpecial: true, reserve: 0);
            if (!prompt.Succeeded)
            {
                await exchange.RefuseAsync(prompt.Error);
                return;
            }

            requests.Add(new EmbeddingRequest { Id = $"{exchange.AnswerId}-{i}", Prompt = prompt.Tokens, CacheSalt = exchange.SaltOf(""), Priority = exchange.Peer?.Priority ?? body.Priority });
        }

        await RunAsync(exchange, engine, body, requests);
    }

    /// <summary>Keeps a bounded number of inputs in the engine; the first failure ends all, as the client gets every vector or an error.</summary>
    private async Task RunAsync(Exchange exchange, IInferenceEngine engine, EmbeddingsBody body, List<EmbeddingRequest> requests)
    {
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(exchange.ClientGone, services.Stopping.Token);
        float[][] vectors = new float[requests.Count][];
        Queue<(int Index, Task<EmbeddingResult> Task)> running = [];
        try
        {
            int next = 0;
            while (next < requests.Count || running.Count > 0)
            {
                while (next < requests.Count && running.Count < services.Options.MaxPromptsInFlight)
                {
                    running.Enqueue((next, engine.EmbedAsync(requests[next], cancellation.Token)));
                    next++;
                }

                (int index, Task<EmbeddingResult> task) = running.Dequeue();
                EmbeddingResult result = await task;
                if (result.Vector is null && result.Error?.Kind == EngineErrorKind.QueueFull && running.Count > 0)
                {
                    // The queue is full of this request's own inputs: let one through, then try again.
                    await running.Peek().Task;
                    running.Enqueue((index, engine.EmbedAsync(requests[index], cancellation.Token)));
                    continue;
                }

                if (result.Vector is null)
                {
                    await exchange.RefuseAsync(result.Error is EngineError error ? ApiErrors.From(error, "input") : ApiErrors.Internal("No embedding."));
                    return;
                }

                vectors[index] = result.Vector;
            }
        }
        catch (OperationCanceledException) when (!exchange.ClientGone.IsCancellationRequested)
        {
            await exchange.RefuseAsync(ApiErrors.Interrupted());
            return;
        }
        finally
        {
            await cancellation.CancelAsync();
        }

        int promptTokens = requests.Sum(request => request.Prompt.Count);
        exchange.Usage = new GenerationUsage(promptTokens, 0, 0);
        await exchange.SendJsonAsync(
            (engine.Model.Name, vectors, body.Base64, promptTokens),
            static (output, answer) => EmbeddingsAnswer.Write(output, answer.Name, answer.vectors, answer.Base64, answer.promptTokens));
    }
}
