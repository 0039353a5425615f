using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Tests.Routing;

/// <summary>Fingerprints of prompts that are told block by block.</summary>
internal static class Prompts
{
    /// <summary>A prompt of one fingerprint block for each word.</summary>
    public static PromptFingerprint Of(params int[] words)
    {
        ulong[] beginnings = new ulong[words.Length];
        ulong chain = 1;
        for (int i = 0; i < words.Length; i++)
        {
            chain = (chain + (ulong)(words[i] + 1) * 0xd6e8feb86659fd93) * 0x9e3779b97f4a7c15;
            beginnings[i] = chain ^= chain >> 29;
        }

        return PromptFingerprint.FromBeginnings(beginnings, words.Length * (long)PromptFingerprint.BlockBytes);
    }
}
