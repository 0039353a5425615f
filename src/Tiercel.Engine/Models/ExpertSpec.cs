namespace Tiercel.Engine.Models;

/// <summary>A mixture of experts in place of the dense feed-forward network.</summary>
/// <param name="Count">Experts of a layer.</param>
/// <param name="UsedCount">Experts that a row goes to.</param>
/// <param name="FeedForwardLength">Width of one expert.</param>
/// <param name="Weighting">How the router's logits become weights.</param>
/// <param name="Scale">Factor of the weights.</param>
internal sealed record ExpertSpec(int Count, int UsedCount, int FeedForwardLength, ExpertWeighting Weighting, float Scale);
