namespace Tiercel.Simulation.Overload;

/// <summary>Defects that the checks of overload must find.</summary>
internal enum OverloadDefect
{
    None,

    /// <summary>First come, first served, whoever it is.</summary>
    OneLineForAll,

    /// <summary>Whatever comes may wait, for as long as it takes.</summary>
    WaitsWithoutBound,

    /// <summary>A tenant above its share may fill engines as far when it floods as when it asks for what there is.</summary>
    FloodFillsEngines,

    /// <summary>A tenant above its share may hold every place that there is.</summary>
    FloodTakesAllPlaces,

    /// <summary>Nothing is kept for errors: a first token that is predicted just before the objective is taken to be in time.</summary>
    BelievesPredictions,
}
