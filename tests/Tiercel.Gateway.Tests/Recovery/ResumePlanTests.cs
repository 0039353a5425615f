using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Tests.Recovery;

public class ResumePlanTests
{
    private static readonly ResumeCandidate[] Workers = [new(1, "x", false), new(2, "x", false), new(3, "y", false), new(4, "x", false)];
    private static readonly ResumeCandidate[] Foreign = [new(1, null, true), new(2, null, false), new(3, null, true)];

    [Fact]
    public void Before_anything_but_pings_reached_the_client_the_request_starts_again_elsewhere()
    {
        using StreamJournal journal = new(1);
        journal.Forward(role: false);
        ResumePlan plan = Plan(journal, Workers);
        Assert.Equal(ResumeKind.RetryFromStart, plan.Kind);
        Assert.Equal([2, 3, 4], plan.Replicas);
        Assert.Equal(ResumeKind.RetryFromStart, Plan(journal, Foreign, numerics: null).Kind);
    }

    [Fact]
    public void A_worker_of_the_same_numerics_id_continues_exactly()
    {
        using StreamJournal journal = Begun();
        ResumePlan plan = Plan(journal, Workers);
        Assert.Equal((ResumeKind.ResumeExactly, "x"), (plan.Kind, plan.NumericsId));
        Assert.Equal([2, 4], plan.Replicas);
    }

    [Fact]
    public void Only_the_role_was_sent_and_the_stream_is_continued_all_the_same()
    {
        using StreamJournal journal = new(1);
        journal.Forward(role: true);
        Assert.Equal(ResumeKind.ResumeExactly, Plan(journal, Workers).Kind);
    }

    [Fact]
    public void The_streams_own_worker_is_gone_back_to_when_it_is_the_last_one_and_its_connection_broke_or_it_stood_still()
    {
        using StreamJournal journal = Begun();
        Assert.Equal([1], Plan(journal, [new(1, "x", false)]).Replicas);
        Assert.Equal([1], Plan(journal, [new(1, "x", false)], StreamFailure.Stalled).Replicas);
        Assert.Equal([2], Plan(journal, [new(1, "x", false), new(2, "x", false)], StreamFailure.Stalled).Replicas);
        Assert.Equal(ResumeKind.Fail, Plan(journal, [new(1, "x", false)], StreamFailure.Silent).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, [new(1, "x", false)], StreamFailure.Drained).Kind);
    }

    [Fact]
    public void Without_such_a_worker_the_fallback_decides()
    {
        using StreamJournal journal = Begun();
        ResumeCandidate[] others = [new(3, "y", false), new(4, null, true)];
        ResumePlan marked = Plan(journal, others, fallback: ResumeFallback.Mark);
        Assert.Equal(ResumeKind.ResumeMarked, marked.Kind);
        Assert.Equal([3], marked.Replicas);
        Assert.Equal(ResumeKind.Fail, Plan(journal, others, fallback: ResumeFallback.Error).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, [new(4, null, true)], fallback: ResumeFallback.Mark).Kind);
    }

    [Fact]
    public void Foreign_engines_continue_a_plain_message_with_the_tokens_that_are_left()
    {
        using StreamJournal journal = new(1);
        journal.Forward(role: true);
        for (int i = 0; i < 7; i++)
        {
            journal.TryForward(0, [], content: true, finished: false);
        }

        ResumePlan plan = Plan(journal, Foreign, numerics: null, maxTokens: 10);
        Assert.Equal((ResumeKind.ContinueMessage, (int?)3), (plan.Kind, plan.MaxTokens));
        Assert.Equal([3], plan.Replicas);
        Assert.Null(Plan(journal, Foreign, numerics: null).MaxTokens);
        Assert.Equal(ResumeKind.Fail, Plan(journal, Foreign, numerics: null, plain: false).Kind);
        Assert.Equal(ResumeKind.FinishNow, Plan(journal, Foreign, numerics: null, maxTokens: 7).Kind);
    }

    [Fact]
    public void When_all_choices_had_ended_the_stream_is_finished_here_and_now()
    {
        using StreamJournal journal = Begun(choices: 2);
        journal.TryForward(0, [], content: false, finished: true);
        Assert.Equal(ResumeKind.ResumeExactly, Plan(journal, Workers).Kind);
        journal.TryForward(1, [], content: false, finished: true);
        Assert.Equal(ResumeKind.FinishNow, Plan(journal, []).Kind);
    }

    [Fact]
    public void Usage_that_the_client_still_waits_for_is_asked_of_a_worker_that_counts_alike()
    {
        using StreamJournal journal = Begun();
        journal.TryForward(0, [], content: false, finished: true);
        Assert.Equal((ResumeKind.ResumeExactly, "x"), Plan(journal, Workers, wantsUsage: true) is var plan ? (plan.Kind, plan.NumericsId) : default);
        Assert.Equal(ResumeKind.FinishNow, Plan(journal, [new(3, "y", false)], wantsUsage: true).Kind);
        Assert.Equal(ResumeKind.FinishNow, Plan(journal, Foreign, numerics: null, wantsUsage: true).Kind);
        for (int i = 0; i < ResumePlan.MaxWithoutProgress; i++)
        {
            journal.Resumed();
        }

        Assert.Equal(ResumeKind.FinishNow, Plan(journal, Workers, wantsUsage: true).Kind);
    }

    [Fact]
    public void A_foreign_engine_that_was_lost_behind_the_role_is_followed_by_another_from_the_start()
    {
        using StreamJournal journal = new(2);
        journal.Forward(role: true);
        ResumePlan plan = Plan(journal, Foreign, numerics: null, plain: false);
        Assert.Equal(ResumeKind.RetryFromStart, plan.Kind);
        Assert.Equal([2, 3], plan.Replicas);
        journal.TryForward(0, [], content: false, finished: true);
        Assert.Equal(ResumeKind.Fail, Plan(journal, Foreign, numerics: null, plain: false).Kind);
    }

    [Fact]
    public void A_request_that_is_at_fault_is_not_carried_around()
    {
        using StreamJournal journal = Begun();
        Assert.Equal(ResumeKind.Fail, Plan(journal, Workers, StreamFailure.RequestError).Kind);
        Assert.Equal(ResumeKind.ResumeExactly, Plan(journal, Workers, StreamFailure.ServerError).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, Workers, StreamFailure.Interrupted).Kind);
    }

    [Fact]
    public void A_stream_that_breaks_without_a_new_token_is_given_up_and_one_with_new_tokens_later()
    {
        using StreamJournal stuck = Begun();
        int resumes = 0;
        while (Plan(stuck, Workers).Kind == ResumeKind.ResumeExactly)
        {
            stuck.Resumed();
            resumes++;
        }

        Assert.Equal(ResumePlan.MaxWithoutProgress, resumes);
        using StreamJournal moving = Begun();
        resumes = 0;
        while (Plan(moving, Workers).Kind == ResumeKind.ResumeExactly)
        {
            moving.Resumed();
            moving.TryForward(0, [1], content: true, finished: false);
            resumes++;
        }

        Assert.Equal(ResumePlan.MaxResumes, resumes);
    }

    [Fact]
    public void No_plan_asks_for_nothing_or_goes_where_it_may_not() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                using StreamJournal journal = new(random.Next(1, 3), maxTokens: random.Next(1, 30));
                for (int i = random.Next(12); i > 0; i--)
                {
                    journal.Forward(role: random.Next(4) == 0);
                    journal.TryForward(random.Next(journal.Choices), new int[random.Next(3)], random.Next(2) == 0, random.Next(8) == 0);
                }

                ResumeCandidate[] candidates = [.. Enumerable.Range(1, random.Next(5))
                    .Select(id => new ResumeCandidate(id, random.Next(3) switch { 0 => null, 1 => "x", _ => "y" }, random.Next(2) == 0))];
                string? numerics = random.Next(2) == 0 ? "x" : null;
                int? maxTokens = random.Next(2) == 0 ? random.Next(1, 10) : null;
                StreamFailure failure = (StreamFailure)random.Next(7);
                ResumePlan plan = Plan(journal, candidates, failure, numerics, (ResumeFallback)random.Next(2), random.Next(2) == 0, maxTokens);

                bool goesOn = plan.Kind is not (ResumeKind.Fail or ResumeKind.FinishNow);
                Assert.Equal(goesOn, plan.Replicas.Length > 0);
                Assert.True(plan.MaxTokens is not <= 0, "never asks for 0 tokens");
                Assert.All(plan.Replicas, replica => Assert.Contains(candidates, candidate => candidate.Replica == replica));
                Assert.True(!plan.Replicas.Contains(1) || plan.Replicas.Length == 1, "its own replica only when there is no other");
                Assert.True(plan.Kind != ResumeKind.RetryFromStart || !(journal.AnyContent || journal.FinishedChoices > 0 || (journal.RoleSent && numerics is not null)));
                Assert.True(!journal.AllFinished || plan.Kind == ResumeKind.FinishNow);
                if (plan.Kind == ResumeKind.ResumeExactly)
                {
                    Assert.True(journal.HasTokens);
                    Assert.All(plan.Replicas, replica => Assert.Equal(numerics, candidates.Single(candidate => candidate.Replica == replica).NumericsId));
                }
            }));

    [Fact]
    public void Where_nobody_can_go_on_a_stream_waits_a_while_if_it_may()
    {
        using StreamJournal journal = Begun();
        ResumePlan wait = Plan(journal, [], brokenFor: TimeSpan.Zero);
        Assert.Equal(ResumeKind.Wait, wait.Kind);
        Assert.InRange(wait.Delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        Assert.Equal(ResumeKind.ResumeExactly, Plan(journal, Workers, brokenFor: TimeSpan.FromSeconds(9)).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, [], brokenFor: ResumePlan.LongestWait).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, []).Kind);
        using StreamJournal fresh = new(1);
        Assert.Equal(ResumeKind.Wait, Plan(fresh, [], brokenFor: TimeSpan.Zero).Kind);
    }

    [Fact]
    public void Where_no_engine_of_the_pool_could_ever_continue_a_message_nobody_is_waited_for()
    {
        using StreamJournal journal = new(1);
        journal.TryForward(0, [], content: true, finished: false);
        ResumeCandidate[] unable = [new(1, null, false), new(2, null, false)];
        Assert.Equal(ResumeKind.Wait, Plan(journal, unable, numerics: null, brokenFor: TimeSpan.Zero, continues: true).Kind);
        Assert.Equal(ResumeKind.Fail, Plan(journal, unable, numerics: null, brokenFor: TimeSpan.Zero, continues: false).Kind);
    }

    [Fact]
    public void Each_resume_without_a_new_token_is_tried_later()
    {
        using StreamJournal journal = Begun();
        List<double> delays = [];
        while (Plan(journal, Workers) is { Kind: ResumeKind.ResumeExactly } plan)
        {
            delays.Add(plan.Delay.TotalSeconds);
            journal.Resumed();
        }

        Assert.Equal([0, 0.1, 0.3, 0.9, 2.7, 8.1], delays.Select(delay => Math.Round(delay, 6)));
        using StreamJournal moving = Begun();
        moving.Resumed();
        moving.Resumed();
        moving.TryForward(0, [7], content: true, finished: false);
        Assert.Equal(TimeSpan.Zero, Plan(moving, Workers).Delay);
    }

    private static StreamJournal Begun(int choices = 1)
    {
        StreamJournal journal = new(choices);
        journal.Forward(role: true);
        for (int choice = 0; choice < choices; choice++)
        {
            journal.TryForward(choice, [5, 6], content: true, finished: false);
        }

        return journal;
    }

    private static ResumePlan Plan(
        StreamJournal journal,
        ResumeCandidate[] candidates,
        StreamFailure failure = StreamFailure.Broken,
        string? numerics = "x",
        ResumeFallback fallback = ResumeFallback.Mark,
        bool plain = true,
        int? maxTokens = null,
        TimeSpan? brokenFor = null,
        bool wantsUsage = false,
        bool continues = true)
        => ResumePlan.Make(new ResumeQuestion
        {
            Journal = journal,
            Failure = failure,
            Replica = 1,
            NumericsId = numerics,
            Candidates = candidates,
            Fallback = fallback,
            IsPlainChat = plain,
            PoolContinuesMessages = continues,
            MaxTokens = maxTokens,
            BrokenFor = brokenFor,
            WantsUsage = wantsUsage,
        });
}
