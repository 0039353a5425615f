using System.Diagnostics;
using System.Text;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Processes;

/// <summary>The program itself, as a child process with a home of its own.</summary>
internal sealed class TiercelProcess : IDisposable
{
    /// <summary>A hung child fails the test instead of hanging it.</summary>
    private static readonly TimeSpan Watchdog = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _home = new();
    private readonly Process _process;
    private readonly Task<string> _error;

    private TiercelProcess(string[] arguments, IEnumerable<(string Name, string Value)>? environment = null)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "tiercel.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["TIERCEL_HOME"] = _home.File("home");
        start.Environment.Remove("TIERCEL_API_KEY");
        foreach ((string name, string value) in environment ?? [])
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
    }

    public StreamReader Output => _process.StandardOutput;

    public int Id => _process.Id;

    public static TiercelProcess Start(params string[] arguments) => new(arguments);

    public static TiercelProcess StartWith((string Name, string Value) variable, params string[] arguments) => new(arguments, [variable]);

    public bool HasExited => _process.HasExited;

    /// <summary>Runs it to its end.</summary>
    public static Task<(int ExitCode, string Output, string Error)> RunAsync(string input, params string[] arguments) => RunAsync(new TiercelProcess(arguments), input);

    /// <summary>Runs it to its end with a variable in its environment.</summary>
    public static Task<(int ExitCode, string Output, string Error)> RunTrustedAsync((string Name, string Value) variable, params string[] arguments) =>
        RunAsync(new TiercelProcess(arguments, [variable]), "");

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(TiercelProcess started, string input)
    {
        using TiercelProcess process = started;
        await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        string output = await process.Output.ReadToEndAsync().WaitAsync(Watchdog);
        return (await process.WaitAsync(), output, await process._error);
    }

    public async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Watchdog);
        return _process.ExitCode;
    }

    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>SIGKILL, at once.</summary>
    public void Kill() => _process.Kill();

    public Task<string> ErrorAsync() => _error;

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();

            // What it is writing at this moment must be written before the folder can be removed.
            _process.WaitForExit(Watchdog);
        }

        _process.Dispose();
        _home.Dispose();
    }
}
