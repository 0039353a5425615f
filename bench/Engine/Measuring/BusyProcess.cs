using System.Diagnostics;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Another process that keeps one thread busy for as long as it lives.</summary>
internal sealed class BusyProcess : IDisposable
{
    private readonly Process _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["--spin"]) { RedirectStandardInput = true, UseShellExecute = false })
        ?? throw new InvalidOperationException("the busy process does not start");

    public int ProcessId => _process.Id;

    /// <summary>What the process does: counts until its input is closed.</summary>
    public static int Spin()
    {
        Thread thread = new(() =>
        {
            while (true)
            {
                Thread.SpinWait(1000);
            }
        })
        { IsBackground = true };
        thread.Start();
        while (Console.Read() >= 0)
        {
        }

        return 0;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
