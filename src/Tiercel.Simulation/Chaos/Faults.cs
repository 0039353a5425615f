namespace Tiercel.Simulation.Chaos;

/// <summary>What can go wrong in a run. Each seed switches some of them on.</summary>
[Flags]
internal enum Faults
{
    None = 0,

    /// <summary>A worker's process ends and comes back with a new generation.</summary>
    Kill = 1,

    /// <summary>A worker stands still for a while (SIGSTOP), and goes on.</summary>
    Freeze = 2,

    /// <summary>A connection is reset at any point of its stream.</summary>
    Reset = 4,

    /// <summary>A worker is many times slower for a while.</summary>
    Slow = 8,

    /// <summary>Heartbeats are lost, doubled and overtake each other.</summary>
    EventTrouble = 16,

    /// <summary>Nothing passes between gateway and worker.</summary>
    Partition = 32,

    /// <summary>Nothing passes in one direction.</summary>
    OneWayPartition = 64,

    /// <summary>A worker is drained and restarted.</summary>
    Drain = 128,

    /// <summary>Clients leave before their answer is whole.</summary>
    Cancel = 256,

    /// <summary>Requests come all at once.</summary>
    Burst = 512,

    /// <summary>Some requests kill the worker that computes them, and are sent again.</summary>
    Poison = 1024,

    /// <summary>The wall clock jumps.</summary>
    ClockStep = 2048,

    /// <summary>A worker sends what is no event of its stream.</summary>
    Garbage = 4096,

    /// <summary>Workers have little memory, so that sequences preempt each other.</summary>
    TightMemory = 8192,

    /// <summary>A worker lets requests wait before it begins with them, and is as fast as ever afterwards.</summary>
    Hesitate = 16384,
}
