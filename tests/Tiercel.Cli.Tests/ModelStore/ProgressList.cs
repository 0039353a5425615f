namespace Tiercel.Cli.Tests.ModelStore;

/// <summary>Keeps all reports, on the thread that makes them.</summary>
internal sealed class ProgressList<T>(Action<T>? also = null) : List<T>, IProgress<T>
{
    public void Report(T value)
    {
        Add(value);
        also?.Invoke(value);
    }
}
