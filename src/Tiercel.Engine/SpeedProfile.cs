namespace Tiercel.Engine;

/// <summary>How long steps take here, measured. A step of <c>p</c> prompt rows and <c>d</c> decoding choices takes about
/// <c>DecodeBase + p · Prefill + pairs · PrefillPerPair + d · DecodePerSequence</c> seconds.</summary>
/// <param name="PrefillSecondsPerToken">Seconds for one more prompt token in a chunk.</param>
/// <param name="PrefillSecondsPerPair">Seconds for each earlier position that a prompt token attends to.</param>
/// <param name="DecodeBaseSeconds">Seconds of a step whatever is in it: the weights are read once.</param>
/// <param name="DecodeSecondsPerSequence">Seconds for one more decoding choice.</param>
public sealed record SpeedProfile(
    double PrefillSecondsPerToken, double PrefillSecondsPerPair, double DecodeBaseSeconds, double DecodeSecondsPerSequence);
