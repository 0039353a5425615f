namespace Tiercel.Simulation.Routing;

/// <summary>
/// An engine like vLLM in discrete time: prefix cache of 512-token blocks (least recently used, pinned while in use), waiting queue first come first
/// served, continuous batching with chunked prefill. The same rules as the black-box fleet that gateways are compared on.
/// </summary>
internal sealed class SimulatedEngine(double speed, int blocks, EngineTimes times)
{
    public const int BlockTokens = 512;

    /// <summary>Tokens that a step computes at most.</summary>
    private const int StepTokens = 2048;
    private const int MaxRunning = 128;

    private readonly BlockLru _cache = new();
    private readonly Dictionary<int, int> _pins = [];
    private readonly Queue<SimulatedRequest> _waiting = new();
    private readonly List<SimulatedRequest> _running = [];
    private readonly List<(SimulatedRequest Request, int Tokens)> _prefills = [];
    private int _outputBlocks;

    public int Running => _running.Count;

    public int Waiting => _waiting.Count;

    /// <summary>Share of the KV memory that running requests pin.</summary>
    public double KvUse => Math.Min(1, (_pins.Count + _outputBlocks) / (double)blocks);

    public long HitTokens { get; private set; }

    public long PromptTokens { get; private set; }

    /// <summary>Seconds in steps that computed prompts.</summary>
    public double PrefillSeconds { get; private set; }

    public void Submit(SimulatedRequest request) => _waiting.Enqueue(request);

    /// <summary>Begins a step.</summary>
    /// <returns>What it takes, in seconds; null when there is nothing to do.</returns>
    public double? BeginStep()
    {
        Admit();
        _prefills.Clear();
        if (_running.Count == 0)
        {
            return null;
        }

        int budget = StepTokens, decodes = 0, prompt = 0;
        long context = 0;
        foreach (SimulatedRequest request in _running)
        {
            if (request.IsPrefilled)
            {
                decodes++;
                context += request.Row.InputTokens + request.Made;
                budget--;
            }
        }

        foreach (SimulatedRequest request in _running)
        {
            if (!request.IsPrefilled && budget > 0)
            {
                int tokens = Math.Min(budget, request.Row.InputTokens - request.Done);
                _prefills.Add((request, tokens));
                prompt += tokens;
                budget -= tokens;
            }
        }

        double seconds = times.OfStep(prompt, decodes, context) / speed;
        PrefillSeconds += prompt > 0 ? seconds : 0;
        return seconds;
    }

    /// <summary>Ends the step: what was computed becomes visible.</summary>
    public void EndStep(Action<SimulatedRequest> firstToken, Action<SimulatedRequest> ended)
    {
        foreach (SimulatedRequest request in _running.ToArray())
        {
            if (request.IsPrefilled)
            {
                request.Made++;
                Advance(request, ended);
            }
        }

        foreach ((SimulatedRequest request, int tokens) in _prefills)
        {
            request.Done += tokens;
            if (request.IsPrefilled)
            {
                Cache(request);
                request.Made = 1;
                firstToken(request);
                Advance(request, ended);
            }
        }
    }

    private void Advance(SimulatedRequest request, Action<SimulatedRequest> ended)
    {
        if (request.Made >= request.Row.OutputTokens)
        {
            Release(request);
            ended(request);
        }
    }

    private void Admit()
    {
        while (_waiting.TryPeek(out SimulatedRequest? request))
        {
            int needed = request.Row.Blocks.Count(block => !_pins.ContainsKey(block)) + request.OutputBlocks;
            if (_running.Count > 0 && (_pins.Count + _outputBlocks + needed > blocks || _running.Count >= MaxRunning))
            {
                return;
            }

            _waiting.Dequeue();
            int hit = 0;
            while (hit < request.Row.Blocks.Length && _cache.Contains(request.Row.Blocks[hit]))
            {
                hit++;
            }

            request.Done = request.Cached = Math.Min(hit * BlockTokens, Math.Max(0, request.Row.InputTokens - 1));
            HitTokens += request.Cached;
            PromptTokens += request.Row.InputTokens;
            foreach (int block in request.Row.Blocks)
            {
                _pins[block] = _pins.GetValueOrDefault(block) + 1;
            }

            _outputBlocks += request.OutputBlocks;
            _running.Add(request);
        }
    }

    private void Release(SimulatedRequest request)
    {
        foreach (int block in request.Row.Blocks)
        {
            if (--_pins[block] == 0)
            {
                _pins.Remove(block);
            }
        }

        Cache(request);
        _outputBlocks -= request.OutputBlocks;
        _running.Remove(request);
        int over = _cache.Count + _outputBlocks - blocks;
        if (over > 0)
        {
            _cache.Evict(over, over * 4 + 64, _pins.ContainsKey);
        }
    }

    private void Cache(SimulatedRequest request)
    {
        foreach (int block in request.Row.Blocks)
        {
            _cache.Use(block);
        }
    }
}
