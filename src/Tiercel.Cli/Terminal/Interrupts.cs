namespace Tiercel.Cli.Terminal;

/// <summary>The first interrupt asks the command to end, the second ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _first = new();
    private readonly IDisposable _registration;
    private int _count;

    public Interrupts(CliEnvironment environment)
    {
        _registration = environment.OnInterrupt(() =>
        {
            if (Interlocked.Increment(ref _count) == 1)
            {
                _first.Cancel();
            }
            else
            {
                environment.Exit(ExitCodes.Interrupted);
            }
        });
    }

    public CancellationToken Token => _first.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _first.Dispose();
    }
}
