namespace Tiercel.Gateway.Configuration;

/// <summary>What an upstream can do.</summary>
[Flags]
public enum UpstreamCapabilities
{
    None = 0,
    Chat = 1,
    Completions = 2,
    Embeddings = 4,

    /// <summary>Continues a last message of the assistant (<c>continue_final_message</c> with <c>add_generation_prompt</c> false, as vLLM does).</summary>
    ContinueMessage = 8,
}
