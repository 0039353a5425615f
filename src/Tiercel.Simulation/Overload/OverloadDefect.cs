namespace Tiercel.Simulation.Overload;

/// <summary>Defects that the checks of overload must find.</summary>
internal enum OverloadDefect
{
    None,

    /// <summary>First come, first served, whoever it is.</summary>
    OneLineForAll,

    /// <summary>Whatever comes may wait, for as long as it takes.</summary>
    WaitsWithoutBound,
}
