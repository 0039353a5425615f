namespace Tiercel.Gateway.Configuration;

/// <summary>What answers behind an upstream, and so what can be asked of it.</summary>
public enum UpstreamKind
{
    /// <summary>The engine of this process.</summary>
    Embedded,

    /// <summary>A Tiercel worker: exact cache knowledge, exact resume.</summary>
    Tiercel,

    /// <summary>Any server with an OpenAI-compatible API: vLLM, SGLang, llama.cpp, a cloud.</summary>
    OpenAI,
}
