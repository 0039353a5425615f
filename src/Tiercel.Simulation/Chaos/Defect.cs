namespace Tiercel.Simulation.Chaos;

/// <summary>Bugs planted into the simulated world around the production code, to prove that the checks would see them.</summary>
internal enum Defect
{
    None,

    /// <summary>I1: a request is forgotten.</summary>
    LosesTheEnd,

    /// <summary>I2: a broken stream is ended as if it were whole.</summary>
    CutBecomesStop,

    /// <summary>I2: something comes after the end.</summary>
    SpeaksAfterTheEnd,

    /// <summary>I3: a resume forgets the last token that the client has.</summary>
    DropsTokenOnResume,

    /// <summary>I4: a worker counts the largest number of tokens from the resume on.</summary>
    CountsTokensAnew,

    /// <summary>I4: a stream that had ended but for its last events is sent to another worker.</summary>
    ResumesTheFinished,

    /// <summary>I5: a request starts again although the client has its beginning.</summary>
    RestartsAfterFirstByte,

    /// <summary>I6: a client's cancel never reaches the worker.</summary>
    ForgetsCancel,

    /// <summary>I8: a worker forgets to give back what a cancelled request held.</summary>
    LeaksBlocks,

    /// <summary>I12: what is preempted is never taken up again.</summary>
    StarvesPreempted,

    /// <summary>I14: a worker's restart is not noticed.</summary>
    IgnoresGenerations,

    /// <summary>I15: attempts that were cancelled are never counted as ended.</summary>
    ForgetsToCount,

    /// <summary>I16: retries know no budget and no end.</summary>
    RetriesFreely,

    /// <summary>I17: requests run after their time in the queue is up.</summary>
    RunsTheExpired,

    /// <summary>I18: ejected replicas stay out when there are too few others.</summary>
    IgnoresPanic,

    /// <summary>I19: suspects run beside others.</summary>
    TrustsSuspects,

    /// <summary>I19: one death makes suspects.</summary>
    BlamesBystanders,

    /// <summary>I21: what is remembered of a stream has no bound.</summary>
    RemembersEverything,

    /// <summary>I22: a request is billed twice.</summary>
    BillsTwice,

    /// <summary>I22: a cancelled request never gives back what was reserved for it.</summary>
    ForgetsToSettle,

    /// <summary>I23: a prompt is billed again when its stream is resumed.</summary>
    BillsResumedPrompts,

    /// <summary>I6: the worker whose attempt lost against another is not told.</summary>
    ForgetsTheLoser,

    /// <summary>I16: a second attempt beside a late one takes no place in the retry budget.</summary>
    HedgesWithoutBudget,

    /// <summary>I22: both attempts settle.</summary>
    BillsBothAnswers,

    /// <summary>I22: what the attempt that lost took of a worker's time is billed.</summary>
    BillsTheLoser,

    /// <summary>I22: the price is that of the worker that was asked last, whoever answered.</summary>
    ForgetsWhoAnswered,

    /// <summary>H1: a second worker is asked although the first token has come.</summary>
    HedgesTheAnswered,

    /// <summary>H1: a third worker is asked.</summary>
    HedgesTwice,

    /// <summary>H2: a second worker is asked while the pool is busy.</summary>
    HedgesWithoutHeadroom,

    /// <summary>H3: a second worker is asked while others wait for a first.</summary>
    HedgesBesideTheQueue,

    /// <summary>H4: the first token of one does not end the other.</summary>
    LetsBothAnswer,

    /// <summary>H5: a request that was at a worker's death is sent to two at one time.</summary>
    HedgesSuspects,
}
