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
}
