namespace Tiercel.Simulation.Chaos;

/// <summary>
/// The model of the simulated engines: each token follows from all tokens before it, as in a real one, so that a token lost, doubled or out of order changes
/// everything after it. Also knows what an undisturbed run gives.
/// </summary>
internal static class TokenOracle
{
    private const int Vocabulary = 50_000;

    /// <summary>The state before the first token of a choice.</summary>
    public static ulong Start(SimulatedRequest request, int choice, string numerics)
    {
        ulong state = Mix(request.Seed ^ ((ulong)choice << 32));
        foreach (char letter in numerics)
        {
            state = Mix(state ^ letter);
        }

        return state;
    }

    public static ulong After(SimulatedRequest request, int choice, string numerics, ReadOnlySpan<int> tokens)
    {
        ulong state = Start(request, choice, numerics);
        foreach (int token in tokens)
        {
            state = Next(state, token);
        }

        return state;
    }

    public static int Token(ulong state) => (int)(state % Vocabulary);

    public static ulong Next(ulong state, int token) => Mix(state ^ (uint)token);

    /// <summary>Whether the choice ends in this state, after so many tokens.</summary>
    public static bool Ends(SimulatedRequest request, ulong state, int tokens)
        => tokens >= request.MaxTokens || (tokens > 0 && (state >> 24) % (ulong)request.MeanLength == 0);

    /// <summary>Whether the text so far could be the beginning of a stop string, so that it is held back and comes with the next event.</summary>
    public static bool HoldsBack(ulong state) => (state >> 40) % 5 == 0;

    /// <summary>Whether the end comes as an event of its own.</summary>
    public static bool EndsApart(ulong state) => (state >> 48) % 2 == 0;

    public static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
