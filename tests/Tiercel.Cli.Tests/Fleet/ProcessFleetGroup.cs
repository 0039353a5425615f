namespace Tiercel.Cli.Tests.Fleet;

/// <summary>Fleets of processes run one after the other: several at one time would only take each other's processor.</summary>
[CollectionDefinition(Name)]
public sealed class ProcessFleetGroup
{
    public const string Name = "fleets of processes";
}
