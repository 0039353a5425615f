using System.Numerics;

namespace Tiercel.Gateway.Upstreams.Scanning;

/// <summary>Which choices have told their finish reason. Numbers outside of what was asked for are nobody's.</summary>
internal sealed class FinishedChoices(int choices)
{
    private readonly ulong[] _more = choices > 64 ? new ulong[(choices - 1) / 64] : [];
    private ulong _first;

    public int Count { get; private set; }

    public bool AreAll => Count >= choices;

    public void Add(int index)
    {
        if ((uint)index >= (uint)choices)
        {
            return;
        }

        ref ulong word = ref index < 64 ? ref _first : ref _more[(index >> 6) - 1];
        ulong before = word;
        word |= 1UL << (index & 63);
        Count += BitOperations.PopCount(word ^ before);
    }
}
