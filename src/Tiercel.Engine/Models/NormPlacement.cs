namespace Tiercel.Engine.Models;

/// <summary>Where a block (attention or feed-forward, f) is normalised; x is the residual stream.</summary>
internal enum NormPlacement
{
    /// <summary>x += f(norm(x)): most decoders.</summary>
    Before,

    /// <summary>x += post(f(norm(x))): gemma.</summary>
    BeforeAndAfter,

    /// <summary>x += post(f(x)): olmo2.</summary>
    After,

    /// <summary>x = norm(x + f(x)): bert.</summary>
    AfterResidual,
}
