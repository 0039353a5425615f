namespace Tiercel.Simulation.Chaos;

/// <summary>
/// A client with a perfect memory: it knows what an undisturbed run gives, and compares every event with it. Where a stream is continued on an engine that
/// computes differently, and says so, the comparison goes on from what the client has.
/// </summary>
internal sealed class SimulatedClient(SimulatedRequest request)
{
    private readonly ulong[] _states = new ulong[request.Choices];
    private readonly List<int>[] _tokens = [.. Enumerable.Range(0, request.Choices).Select(_ => new List<int>())];
    private readonly bool[] _finished = new bool[request.Choices];
    private readonly bool[] _roles = new bool[request.Choices];
    private string? _numerics;

    public SimulatedRequest Request => request;

    /// <summary>Finished, failed or cancelled; null while it is answered.</summary>
    public string? Ended { get; private set; }

    public bool AnyContent { get; private set; }

    public bool AllFinished => _finished.All(finished => finished);

    public int Completion => _tokens.Sum(tokens => tokens.Count);

    /// <summary>Tokens that its usage said, once it came.</summary>
    public (int Prompt, int Completion)? Usage { get; private set; }

    public IReadOnlyList<int> Tokens(int choice) => _tokens[choice];

    public bool IsFinished(int choice) => _finished[choice];

    /// <summary>The stream begins, or goes on with a mark, on an engine of these numerics.</summary>
    public void Computed(string numerics)
    {
        RequireOpen();
        _numerics = numerics;
        for (int choice = 0; choice < request.Choices; choice++)
        {
            _states[choice] = TokenOracle.After(request, choice, numerics, [.. _tokens[choice]]);
        }
    }

    public void Role(int choice)
    {
        RequireOpen();
        Require(!_roles[choice], "I3", "a role is said twice");
        _roles[choice] = true;
    }

    public void Content(int choice, ReadOnlySpan<int> tokens, bool finished)
    {
        RequireOpen();
        Require(_numerics is not null, "I3", "content before the head");
        Require(!_finished[choice], "I2", $"choice {choice} goes on after its end");
        AnyContent = true;
        foreach (int token in tokens)
        {
            Require(_tokens[choice].Count < request.MaxTokens, "I4", $"choice {choice} has more than {request.MaxTokens} tokens");
            Require(
                token == TokenOracle.Token(_states[choice]),
                "I3",
                $"choice {choice} differs from an undisturbed run at token {_tokens[choice].Count}");
            _states[choice] = TokenOracle.Next(_states[choice], token);
            _tokens[choice].Add(token);
        }

        bool ends = TokenOracle.Ends(request, _states[choice], _tokens[choice].Count);
        bool apart = ends && tokens.Length > 0 && TokenOracle.EndsApart(_states[choice]);
        Require(finished == (ends && !apart), "I3", $"choice {choice} ends at another place than in an undisturbed run, after {_tokens[choice].Count} tokens");
        Require(finished || ends || !TokenOracle.HoldsBack(_states[choice]), "I3", $"choice {choice} was cut at another place than in an undisturbed run");
        _finished[choice] = finished;
    }

    public void Used(int prompt, int completion)
    {
        RequireOpen();
        Require(Usage is null, "I2", "usage is said twice");
        Require(completion == Completion && prompt == request.Prompt.Length, "I22", $"usage says {prompt}+{completion} tokens, and there were {request.Prompt.Length}+{Completion}");
        Usage = (prompt, completion);
    }

    public void Done()
    {
        RequireOpen();
        Require(AllFinished, "I2", "a broken stream ends as if it were whole");
        Ended = "done";
    }

    /// <summary>An error event, or an HTTP error when nothing had been said.</summary>
    public void Failed(string why)
    {
        RequireOpen();
        Ended = "failed: " + why;
    }

    public void Left()
    {
        RequireOpen();
        Ended = "cancelled";
    }

    private void RequireOpen() => Require(Ended is null, "I2", $"something comes after the end ({Ended})");

    private void Require(bool holds, string invariant, string what)
    {
        if (!holds)
        {
            throw new InvariantViolationException(invariant, $"request {request.Number}: {what}");
        }
    }
}
