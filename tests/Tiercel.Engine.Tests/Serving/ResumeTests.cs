using System.Globalization;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Sampling;
using static Tiercel.Engine.Tests.Serving.TinyEngine;

namespace Tiercel.Engine.Tests.Serving;

/// <summary>A request that is cut anywhere and goes on in another engine sends what an undisturbed one would have sent, event by event and bit by bit.</summary>
public sealed class ResumeTests(TinyEngine tiny) : IClassFixture<TinyEngine>
{
    private static readonly string[] Questions =
    [
        "What is the capital of France?", "Tell me a story about a brave fox named Nia.", "Write: 漢字 and 😀😀 and é.",
    ];

    private InferenceEngine Engine => tiny.Engine;

    public static TheoryData<string> Settings => new(Cases.Keys);

    private static Dictionary<string, Func<GenerationRequest, GenerationRequest>> Cases { get; } = new(StringComparer.Ordinal)
    {
        ["greedy"] = request => request,
        ["seeded"] = request => request with { Sampling = new SamplingOptions { Temperature = 1.3f, Seed = 77 } },
        ["truncated"] = request => request with
        {
            Sampling = new SamplingOptions { Temperature = 1f, TopK = 30, TopP = 0.9f, MinP = 0.01f, TypicalP = 0.95f, Seed = 5 },
        },
        ["penalties"] = request => request with
        {
            Sampling = new SamplingOptions { Temperature = 0.9f, RepetitionPenalty = 1.3f, PresencePenalty = 0.7f, FrequencyPenalty = 0.4f, Seed = 6 },
        },
        ["llama.cpp order, dry"] = request => request with
        {
            Sampling = new SamplingOptions
            {
                Temperature = 0.9f,
                RepetitionPenalty = 1.2f,
                DryMultiplier = 0.8f,
                DryAllowedLength = 1,
                Order = SamplingOrder.LlamaCpp,
                Seed = 8,
                IgnoreEos = true,
            },
        },
        ["minimum of tokens, bias"] = request => request with
        {
            Sampling = new SamplingOptions { Temperature = 1f, MinTokens = 20, LogitBias = new Dictionary<int, float> { [300] = 4f }, Seed = 9 },
        },
        ["noise"] = request => request with { Sampling = new SamplingOptions { Temperature = 2f, Seed = 10, IgnoreEos = true } },
        ["noise with probabilities"] = request => request with { Sampling = new SamplingOptions { Temperature = 2f, Seed = 10, IgnoreEos = true, Logprobs = 3 } },
        ["three choices"] = request => request with { Choices = 3, Sampling = new SamplingOptions { Temperature = 1.2f, Seed = 11 } },
        ["three choices with probabilities and stops"] = request => request with
        {
            Choices = 3,
            StopStrings = ["e a", "the end", "  "],
            Sampling = new SamplingOptions { Temperature = 1.2f, Seed = 12, Logprobs = 2 },
        },
        ["special tokens"] = request => request with { RenderSpecialTokens = true, Sampling = new SamplingOptions { Temperature = 2f, Seed = 13, IgnoreEos = true } },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public async Task Wherever_it_is_cut_the_rest_is_the_same(string setting)
    {
        using InferenceEngine other = Load(new InferenceEngineOptions { Threads = 1, StepTokens = 48 });
        foreach (string question in Questions)
        {
            await CheckEveryCutAsync(other, Cases[setting](Ask(Engine, question, 32)));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_string_across_the_cut_is_found_and_what_only_looked_like_one_is_sent(bool logprobs)
    {
        using InferenceEngine other = Load(new InferenceEngineOptions { Threads = 1 });
        GenerationRequest request = Ask(Engine, Questions[1], 40);
        Answer answer = (await CompleteAsync(Engine, request))[0];
        string late = answer.Text[(answer.Text.Length / 2)..(answer.Text.Length / 2 + 20)];

        // Each token could be the beginning of a stop string, so that the text of each is sent with the next one, whose own text is held back.
        string[] decoys = [.. answer.Tokens.Select(token => Engine.Tokenizer.Decode([token.Token], renderSpecial: false) + "\u0001").Distinct(StringComparer.Ordinal)];
        Assert.InRange(decoys.Length, 10, 60);
        request = request with { Sampling = request.Sampling with { Logprobs = logprobs ? 1 : null } };
        await CheckEveryCutAsync(other, request with { StopStrings = [.. decoys, late] });
        await CheckEveryCutAsync(other, request with { StopStrings = decoys });
    }

    [Fact]
    public async Task Choices_with_nothing_yet_and_finished_ones_go_together()
    {
        GenerationRequest request = Ask(Engine, Questions[1], 12) with { Choices = 3, Sampling = new SamplingOptions { Temperature = 1.2f, Seed = 3 } };
        List<GenerationEvent> whole = await EventsAsync(Engine, request);
        int[][] tokens = [.. Enumerable.Range(0, 3).Select(choice => Covered(whole, choice))];
        GenerationStream stream = Engine.Submit(request with { Resume = [new(tokens[0], true), new([], false), new(tokens[2][..5], false)] }).Stream!;
        List<GenerationEvent> rest = [];
        await foreach (GenerationEvent news in stream.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            rest.Add(news);
        }

        Assert.DoesNotContain(rest, news => news.Choice == 0);
        Assert.Equal(Script(whole, 1), Script(rest, 1));
        Assert.EndsWith(Script(rest, 2), Script(whole, 2), StringComparison.Ordinal);
        Assert.Equal(tokens.Sum(list => list.Length), stream.Usage.OutputTokens);
    }

    [Fact]
    public async Task A_request_whose_choices_have_all_ended_sends_nothing_and_is_counted()
    {
        GenerationRequest request = Ask(Engine, Questions[0], 8);
        GenerationStream stream = Engine.Submit(request with { Resume = [new([5, 6, 7], true)] }).Stream!;
        Assert.False(await stream.Events.WaitToReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal((request.Prompt.Count, 3), (stream.Usage.PromptTokens, stream.Usage.OutputTokens));
    }

    [Fact]
    public void What_no_engine_can_have_sent_is_refused_by_name()
    {
        GenerationRequest request = Ask(Engine, Questions[0], 4);
        int end = Engine.Tokenizer.EndTokens.First();
        Refused(request with { Resume = [] });
        Refused(request with { Resume = [new([], false), new([], false)] });
        Refused(request with { Resume = [new([1, 2, 3, 4, 5], false)] });
        Refused(request with { Resume = [new([Engine.Model.VocabularySize], false)] });
        Refused(request with { Resume = [new([-1], false)] });
        Refused(request with { Resume = [new([end, 5], false)] });
        Refused(request with { Resume = [new([5], false)], PromptLogprobs = 0 });
        Refused(request with { MaxTokens = null, Resume = [new(new int[Engine.Model.ContextLength], false)] });

        void Refused(GenerationRequest wrong)
        {
            EngineError error = Engine.Submit(wrong).Error!;
            Assert.Equal((EngineErrorKind.InvalidRequest, "resume"), (error.Kind, error.Parameter));
        }
    }

    [Fact]
    public void Engines_of_one_file_share_a_numerics_id_and_others_do_not()
    {
        string id = Engine.Model.NumericsId;
        Assert.Matches("^[0-9a-f]{24}$", id);
        using (InferenceEngine same = Load(new InferenceEngineOptions { Threads = 1, ModelName = "else", StepTokens = 40 }))
        {
            Assert.Equal(id, same.Model.NumericsId);
        }

        using (InferenceEngine otherCache = Load(new InferenceEngineOptions { KvType = KvType.Q8_0 }))
        {
            Assert.NotEqual(id, otherCache.Model.NumericsId);
        }

        string copy = Path.Combine(Path.GetTempPath(), $"{nameof(ResumeTests)}-{Environment.ProcessId}.gguf");
        try
        {
            byte[] bytes = File.ReadAllBytes(ModelPath);
            bytes[^1] ^= 1;
            File.WriteAllBytes(copy, bytes);
            using InferenceEngine changed = InferenceEngine.Load(copy, new InferenceEngineOptions { Threads = 1, KvMemoryBytes = 64L << 20 }, TimeProvider.System);
            Assert.NotEqual(id, changed.Model.NumericsId);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private async Task CheckEveryCutAsync(InferenceEngine other, GenerationRequest request)
    {
        List<GenerationEvent> whole = await EventsAsync(Engine, request);
        List<Task> cuts = [];
        for (int cut = 0; cut <= whole.Count; cut++)
        {
            cuts.Add(CheckCutAsync(other, request, whole, cut, endSent: true));
            if (cut > 0 && whole[cut - 1].Finish is not null)
            {
                cuts.Add(CheckCutAsync(other, request, whole, cut, endSent: false));
            }
        }

        await Task.WhenAll(cuts);
    }

    /// <param name="cut">Events that were sent.</param>
    /// <param name="endSent">False where of the last one sent only the text arrived, and not the end of the choice.</param>
    private static async Task CheckCutAsync(InferenceEngine other, GenerationRequest request, List<GenerationEvent> whole, int cut, bool endSent)
    {
        List<GenerationEvent> sent = whole[..cut];
        ResumedChoice[] resume = [.. Enumerable.Range(0, request.Choices).Select(choice =>
            new ResumedChoice(Covered(sent, choice), sent.Any(news => news.Choice == choice && news.Finish is not null && (endSent || news != sent[^1]))))];
        GenerationRequest again = request with { Id = $"{cut}", Resume = resume };
        Submission submission = other.Submit(again);
        Assert.True(submission.Accepted, submission.Error?.Message);
        List<GenerationEvent> rest = [];
        await foreach (GenerationEvent news in submission.Stream!.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            rest.Add(news);
        }

        for (int choice = 0; choice < request.Choices; choice++)
        {
            string expected = Script(whole[cut..], choice);
            if (!endSent && sent[^1].Choice == choice)
            {
                expected = Script([new GenerationEvent { Choice = choice, Finish = sent[^1].Finish }], choice);
            }

            string found = Script(rest, choice);
            Assert.True(expected == found, $"choice {choice} cut after {cut} of {whole.Count} events: {Transcript.Difference(expected, found)}");
        }

        Assert.Equal(whole.Sum(news => news.CoveredTokens.Count), submission.Stream.Usage.OutputTokens);
    }

    private static async Task<List<GenerationEvent>> EventsAsync(InferenceEngine engine, GenerationRequest request)
    {
        Submission submission = engine.Submit(request);
        Assert.True(submission.Accepted, submission.Error?.Message);
        List<GenerationEvent> events = [];
        await foreach (GenerationEvent news in submission.Stream!.Events.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            events.Add(news);
        }

        Assert.Equal(events.Sum(news => news.CoveredTokens.Count), submission.Stream.Usage.OutputTokens);
        return events;
    }

    private static int[] Covered(IEnumerable<GenerationEvent> events, int choice) =>
        [.. events.Where(news => news.Choice == choice).SelectMany(news => news.CoveredTokens)];

    /// <summary>The events of a choice, so that two scripts are equal exactly when every event is.</summary>
    private static string Script(IEnumerable<GenerationEvent> events, int choice) => string.Concat(
        events.Where(news => news.Choice == choice && news.ReplayedTokens is null).Select(news =>
            $"[{news.Text}|{string.Join(' ', news.Tokens.Select(Describe))}|{string.Join(' ', news.CoveredTokens)}|{news.Finish}{news.Error?.Message}]\n"));

    private static string Describe(GeneratedToken token) =>
        $"{token.Token}{Bits(token.Logprob)}{string.Concat(token.Alternatives.Select(a => $",{a.Token}{Bits(a.Logprob)}"))}";

    private static string Bits(float? value) =>
        value is { } number ? $"={BitConverter.SingleToInt32Bits(number).ToString("x8", CultureInfo.InvariantCulture)}" : "";
}
