namespace Tiercel.Engine.Models;

/// <summary>How the hidden states of a text become one vector.</summary>
public enum PoolingKind
{
    /// <summary>The mean over all tokens.</summary>
    Mean,

    /// <summary>The state of the first token ([CLS]).</summary>
    First,

    /// <summary>The state of the last token, which in a causal model has seen all others.</summary>
    Last,
}
