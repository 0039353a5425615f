namespace Tiercel.Engine.Models;

internal enum ExpertWeighting
{
    /// <summary>Softmax over all experts, the best are chosen, their weights are divided by their sum.</summary>
    SoftmaxThenSelect,

    /// <summary>The best logits are chosen, then softmax over those.</summary>
    SelectThenSoftmax,
}
