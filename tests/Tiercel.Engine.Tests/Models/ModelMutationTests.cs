using Tiercel.Engine.Formats;
using Tiercel.Engine.Sampling;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tests.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Models;

/// <summary>
/// Random damage to what a whole model says of itself, its vocabulary and template included: the engine refuses the file as one that is wrong or does not fit, or loads it
/// and answers. Never another exception, a step thread that dies, or a wait without end.
/// </summary>
public sealed class ModelMutationTests
{
    private const int Rounds = 150;

    private static readonly TimeSpan Watchdog = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("qwen3", 1)]
    [InlineData("gemma2", 2)]
    [InlineData("gpt-oss", 3)]
    [InlineData("type-q4_k", 4)]
    public async Task A_damaged_model_is_refused_or_answers(string name, int seed)
    {
        Random random = new(seed);
        string original = TestFiles.Data("golden", "models", name + ".gguf");
        byte[] valid = await File.ReadAllBytesAsync(original, TestContext.Current.CancellationToken);
        int head = HeadBytes(original, valid.Length);
        using TemporaryFolder folder = new();
        string path = folder.File("model.gguf");
        using CancellationTokenSource watchdog = new(Watchdog, TimeProvider.System);
        int answered = 0;
        for (int round = 0; round < Rounds; round++)
        {
            await File.WriteAllBytesAsync(path, GgufMutationTests.Mutate(valid, head, random), watchdog.Token);
            answered += await LoadsAndAnswersAsync(path, $"{name}, round {round}", watchdog.Token) ? 1 : 0;
        }

        // Both outcomes must occur, or the damage is not where the engine looks.
        Assert.InRange(answered, 1, Rounds - (Rounds / 10));
    }

    private static async Task<bool> LoadsAndAnswersAsync(string path, string what, CancellationToken cancellation)
    {
        InferenceEngineOptions options = new() { ContextLength = 64, Threads = 1, KvMemoryBytes = 4 << 20, AvailableMemoryBytes = 64 << 20 };
        try
        {
            using InferenceEngine engine = InferenceEngine.Load(path, options, TimeProvider.System);
            Submission submission = engine.Submit(new GenerationRequest { Id = "after", Prompt = [1, 2, 3], MaxTokens = 4, Sampling = new SamplingOptions { Temperature = 0 } });
            int ends = 0;
            if (submission.Stream is GenerationStream stream)
            {
                await foreach (GenerationEvent news in stream.Events.ReadAllAsync(cancellation))
                {
                    ends += news.Finish is null ? 0 : 1;
                }

                Assert.Equal(1, ends);
            }

            Assert.True(engine.GetStatus().Alive, $"{what}: {engine.GetStatus().Failure}");
            return ends == 1;
        }
        catch (Exception refusal) when (refusal is ModelFormatException or ModelDoesNotFitException or ChatTemplateException)
        {
            Assert.DoesNotContain(refusal.Message, char.IsControl);
            return false;
        }
        catch (Exception other) when (other is not OperationCanceledException)
        {
            throw new InvalidOperationException(what, other);
        }
    }

    /// <summary>Bytes before the weights.</summary>
    private static int HeadBytes(string path, int length)
    {
        using GgufFile file = GgufFile.Open(path);
        return length - (int)file.Tensors.Values.Sum(tensor => (tensor.ByteCount + 31) / 32 * 32);
    }
}
