namespace Tiercel.Gateway.Tests.Fakes;

/// <summary>What measures the memory of the whole process runs alone.</summary>
[CollectionDefinition(nameof(MeasuredAloneCollection), DisableParallelization = true)]
public sealed class MeasuredAloneCollection;
