namespace Tiercel.Engine.Sampling;

/// <summary>The order in which the parts of sampling are applied.</summary>
public enum SamplingOrder
{
    /// <summary>
    /// As the OpenAI API and vLLM do: bias, penalties (repetition over prompt and output, presence and frequency over the output), DRY, temperature,
    /// min-p, top-k, typical, top-p.
    /// </summary>
    OpenAI,

    /// <summary>As llama.cpp does: bias, penalties over the last 64 tokens of prompt and output, DRY, top-k, typical, top-p, min-p, then temperature.</summary>
    LlamaCpp,
}
