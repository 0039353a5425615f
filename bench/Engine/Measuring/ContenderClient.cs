using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tiercel.Bench.Engine.Contenders;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Our side of a contender's process.</summary>
internal sealed class ContenderClient : IDisposable
{
    private readonly Process _process;

    private ContenderClient(Process process)
    {
        _process = process;
        LoadSeconds = Read().Value;
    }

    /// <summary>From the call that loads the model to the first token after it.</summary>
    public double LoadSeconds { get; }

    public int ProcessId => _process.Id;

    /// <param name="engine"><c>tiercel</c>, or the folder of the peer's libraries.</param>
    public static ContenderClient Start(string engine, string model, int threads, int cacheTokens)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in (string[])["--contender", engine, model, threads.ToString(CultureInfo.InvariantCulture), cacheTokens.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        return new ContenderClient(Process.Start(start) ?? throw new InvalidOperationException("the contender does not start"));
    }

    public Figures Measure(string what)
    {
        _process.StandardInput.WriteLine(what);
        _process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(10_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private Figures Read()
    {
        string line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the contender has ended; its errors are above");
        return JsonSerializer.Deserialize<Figures>(line)!;
    }
}
