namespace Tiercel.Engine.Scheduling;

internal enum SequenceState
{
    /// <summary>New, or preempted: holds no blocks.</summary>
    Waiting,
    Running,
    Finished,
}
