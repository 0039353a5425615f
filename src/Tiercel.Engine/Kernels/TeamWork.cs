namespace Tiercel.Engine.Kernels;

/// <summary>
/// Work that a <see cref="ThreadTeam"/> does in items. Objects are made once and used again, so that a step allocates nothing.
/// </summary>
public abstract class TeamWork
{
    /// <summary>Does one item. Items run in any order on any thread of the team; it should not throw: the other items run all the same.</summary>
    /// <param name="item">From 0 to the count given to <see cref="ThreadTeam.Run"/>.</param>
    /// <param name="thread">Which thread of the team runs it, from 0; for scratch memory.</param>
    public abstract void Execute(int item, int thread);
}
