using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Recovery;

/// <summary>How a broken stream goes on.</summary>
/// <param name="NumericsId">For the route query: only replicas of this id; null for any of <paramref name="Replicas"/>.</param>
/// <param name="Replicas">Where it can go on; the stream's own replica only when no other is left.</param>
/// <param name="MaxTokens">With <see cref="ResumeKind.ContinueMessage"/>: tokens that are left, at least 1; null for no limit.</param>
/// <param name="Reason">Why; with <see cref="ResumeKind.Fail"/> the text of the error event.</param>
internal readonly record struct ResumePlan(ResumeKind Kind, string? NumericsId, int[] Replicas, int? MaxTokens, string Reason)
{
    /// <summary>A stream that breaks so often without a new token is not helped by another worker.</summary>
    public const int MaxWithoutProgress = 6;

    /// <summary>Resumes of one stream in all.</summary>
    public const int MaxResumes = 16;

    /// <summary>How long a stream waits for an engine when there is none: a worker that restarts is back within that time.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>How long a stream without an engine waits before it asks again.</summary>
    public static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(250);

    private const string NobodyContinues = "The engine was lost, and none can continue the message.";

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long to wait before: nothing at first, then longer each time that it broke again before anything new came (0.1, 0.3, 0.9, 2.7, 8.1 s).
    /// </summary>
    public TimeSpan Delay { get; init; }

    public static ResumePlan Make(in ResumeQuestion question)
    {
        StreamJournal journal = question.Journal;
        if (journal.AllFinished)
        {
            return Finish(question);
        }

        if (question.Failure is StreamFailure.RequestError or StreamFailure.Interrupted)
        {
            return Fail(question.Failure == StreamFailure.RequestError ? "the request is at fault" : "the gateway ends");
        }

        if (journal.Resumes >= MaxResumes || journal.ResumesWithoutProgress >= MaxWithoutProgress)
        {
            return Fail("The stream broke again and again on different workers.");
        }

        // To a foreign engine's client a role alone is no answer yet: another may begin it. A worker's goes on behind its role.
        bool nothing = !journal.AnyContent && journal.FinishedChoices == 0 && (question.NumericsId is null || !journal.RoleSent);
        ResumePlan plan = nothing ? FromStart(question) : question.NumericsId is { } id ? OfWorker(question, id) : OfForeignEngine(question);
        return plan with { Delay = plan.Kind == ResumeKind.Wait ? Recheck : DelayAfter(journal.ResumesWithoutProgress) };
    }

    private static TimeSpan DelayAfter(int resumes) => resumes == 0 ? TimeSpan.Zero : FirstDelay * Math.Pow(3, resumes - 1);

    /// <summary>All text is there. How many tokens the prompt had is known exactly to workers only: one is asked for it where the client wants to know.</summary>
    private static ResumePlan Finish(in ResumeQuestion question)
    {
        StreamJournal journal = question.Journal;
        bool mayAsk = question.WantsUsage && journal.HasTokens && question.Failure is not (StreamFailure.RequestError or StreamFailure.Interrupted) && journal.ResumesWithoutProgress < MaxWithoutProgress;
        if (mayAsk && question.NumericsId is string id && Where(question, candidate => candidate.NumericsId == id) is { Length: > 0 } same)
        {
            return new ResumePlan(ResumeKind.ResumeExactly, id, same, null, "a worker of the same numerics id tells the usage");
        }

        return new ResumePlan(ResumeKind.FinishNow, null, [], null, "all choices had ended");
    }

    private static ResumePlan FromStart(in ResumeQuestion question)
    {
        int[] replicas = Where(question, static _ => true);
        return replicas.Length > 0
            ? new ResumePlan(ResumeKind.RetryFromStart, null, replicas, null, question.Journal.RoleSent ? "nothing but the role had reached the client" : "nothing had reached the client")
            : WaitOrFail(question, "No engine is available.");
    }

    private static ResumePlan OfWorker(in ResumeQuestion question, string id)
    {
        if (!question.Journal.HasTokens)
        {
            return Fail("The engine was lost, and the stream is too long to be continued.");
        }

        int[] same = Where(question, candidate => candidate.NumericsId == id);
        if (same.Length > 0)
        {
            return new ResumePlan(ResumeKind.ResumeExactly, id, same, null, "a worker of the same numerics id continues");
        }

        int[] other = Where(question, static candidate => candidate.NumericsId is not null);
        return question.Fallback == ResumeFallback.Mark && other.Length > 0
            ? new ResumePlan(ResumeKind.ResumeMarked, null, other, null, "no worker of the same numerics id is left")
            : WaitOrFail(question, "The engine was lost, and no other can continue the stream exactly.");
    }

    private static ResumePlan OfForeignEngine(in ResumeQuestion question)
    {
        StreamJournal journal = question.Journal;
        int[] able = Where(question, static candidate => candidate.CanContinueMessage);
        if (!question.IsPlainChat || !journal.HasText)
        {
            return Fail("The engine was lost, and this kind of answer cannot be continued.");
        }

        // A foreign engine does not tell its tokens, but an event stands for one at least. When none are left there is nothing to ask for.
        long? left = question.MaxTokens - journal.ContentEvents;
        return left <= 0
            ? new ResumePlan(ResumeKind.FinishNow, null, [], null, "all tokens had been generated")
            : able.Length == 0 ? (question.PoolContinuesMessages ? WaitOrFail(question, NobodyContinues) : Fail(NobodyContinues))
            : new ResumePlan(ResumeKind.ContinueMessage, null, able, (int?)left, "an engine continues the partial message");
    }

    /// <summary>Replicas that fit; that of the stream itself only when it is the only one.</summary>
    private static int[] Where(in ResumeQuestion question, Func<ResumeCandidate, bool> fits)
    {
        List<int> found = [];
        bool own = false;
        foreach (ResumeCandidate candidate in question.Candidates)
        {
            if (!fits(candidate))
            {
                continue;
            }

            if (candidate.Replica == question.Replica)
            {
                own = true;
            }
            else
            {
                found.Add(candidate.Replica);
            }
        }

        // A drained worker is the one place not to go back to, and one that was silent about this stream alone may be so again. One that stood still goes on
        // where it was when it is found usable again.
        bool mayReturn = own && found.Count == 0 && question.Failure is not (StreamFailure.Silent or StreamFailure.Drained);
        return mayReturn ? [question.Replica] : [.. found];
    }

    private static ResumePlan WaitOrFail(in ResumeQuestion question, string reason)
        => question.BrokenFor < LongestWait ? new ResumePlan(ResumeKind.Wait, null, [], null, reason) : Fail(reason);

    private static ResumePlan Fail(string reason) => new(ResumeKind.Fail, null, [], null, reason);
}
