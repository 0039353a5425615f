namespace Tiercel.Engine.Sampling;

/// <summary>The order in which the parts of sampling are applied.</summary>
public enum SamplingOrder
{
    /// <summary>Penalties on the output, then temperature, then the truncations, as the OpenAI API and vLLM do.</summary>
    OpenAI,

    /// <summary>Penalties over prompt and output, truncations, then temperature, as llama.cpp does.</summary>
    LlamaCpp,
}
