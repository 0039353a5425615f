namespace Tiercel.Engine.Models;

/// <summary>What a step returns for a row.</summary>
public enum StepOutputKind
{
    /// <summary>[vocabulary] scores of the next token.</summary>
    Logits,

    /// <summary>[embedding length] the hidden state after the final norm.</summary>
    Hidden,
}
