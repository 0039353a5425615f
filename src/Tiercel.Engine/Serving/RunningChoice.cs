using Tiercel.Engine.Sampling;
using Tiercel.Engine.Scheduling;

namespace Tiercel.Engine.Serving;

/// <summary>One choice of a running request.</summary>
internal sealed class RunningChoice(Sampler sampler, ChoiceText text)
{
    public Sampler Sampler { get; } = sampler;

    public ChoiceText Text { get; } = text;

    /// <summary>Null until the prompt has been computed, for choices after the first.</summary>
    public Sequence? Sequence { get; set; }

    /// <summary>
    /// Tokens of a resumed choice that are decoded one by one though they are known, the next one first: their text was held back, and their log probabilities
    /// are still to be sent.
    /// </summary>
    public Queue<int> Known { get; } = [];

    /// <summary>Tokens generated so far.</summary>
    public int OutputTokens { get; set; }

    public bool IsFinished { get; set; }

    /// <summary>The token of the current step, between computing and delivering.</summary>
    public GeneratedToken? Sampled { get; set; }

    /// <summary>Why sampling failed in the current step.</summary>
    public EngineError? Failure { get; set; }
}
