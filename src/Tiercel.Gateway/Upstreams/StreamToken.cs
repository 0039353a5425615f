namespace Tiercel.Gateway.Upstreams;

/// <summary>A token of a choice, as a worker's comment tells it.</summary>
internal readonly record struct StreamToken(int Choice, int Id);
