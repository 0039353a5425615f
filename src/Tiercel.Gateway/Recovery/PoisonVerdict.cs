namespace Tiercel.Gateway.Recovery;

/// <summary>What a request may do, given the workers that died while it was there.</summary>
internal enum PoisonVerdict
{
    /// <summary>Run anywhere.</summary>
    Free,

    /// <summary>Two workers died with it: it runs alone on a worker, or waits.</summary>
    Alone,

    /// <summary>A worker died while it ran there alone: refused until the entry expires.</summary>
    Quarantined,
}
