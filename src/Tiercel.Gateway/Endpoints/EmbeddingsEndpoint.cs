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

    /// <summary>
    /// Keeps a bounded number of inputs in the engine; the first failure ends all, as the client gets every vector or an error. A full queue is no failure where
    /// other inputs of the request have got through since it was found full: it is tried again then, and only then.
    /// </summary>
    private async Task RunAsync(Exchange exchange, IInferenceEngine engine, EmbeddingsBody body, List<EmbeddingRequest> requests)
    {
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(exchange.ClientGone, services.Stopping.Token);
        float[][] vectors = new float[requests.Count][];
        Queue<(int Index, int Through, Task<EmbeddingResult> Task)> running = [];
        Queue<int> again = [];
        try
        {
            int next = 0;
            int through = 0;
            bool isFull = false;
            while (through < requests.Count)
            {
                while (!isFull && running.Count < services.Options.MaxPromptsInFlight && again.Count + requests.Count - next > 0)
                {
                    int input = again.TryDequeue(out int refused) ? refused : next++;
                    running.Enqueue((input, through, engine.EmbedAsync(requests[input], cancellation.Token)));
                }

                (int index, int throughBefore, Task<EmbeddingResult> task) = running.Dequeue();
                EmbeddingResult result = await task;
                if (result.Vector is null && result.Error?.Kind == EngineErrorKind.QueueFull && (through > throughBefore || running.Count > 0))
                {
                    isFull = through == throughBefore;
                    again.Enqueue(index);
                    continue;
                }

                if (result.Vector is null)
                {
                    await exchange.RefuseAsync(result.Error is EngineError error ? ApiErrors.From(error, "input") : ApiErrors.Internal("No embedding."));
                    return;
                }

                vectors[index] = result.Vector;
                through++;
                isFull = false;
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
