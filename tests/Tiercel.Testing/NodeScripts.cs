using System.ComponentModel;
using System.Diagnostics;

namespace Tiercel.Testing;

/// <summary>Runs the scripts under tests/conformance: clients and oracles that are not ours.</summary>
public static class NodeScripts
{
    public static string Folder { get; } = Path.Combine(TestFiles.RepositoryRoot, "tests", "conformance");

    /// <summary>
    /// Runs <c>node</c> in the folder of the scripts and returns its exit code and what it wrote. The calling test is skipped where there is no node, or
    /// where <c>npm ci</c> has not been run.
    /// </summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        IEnumerable<string> arguments, string input, IReadOnlyDictionary<string, string> environment, TimeSpan limit)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            Assert.Skip("needs the npm packages of tests/conformance (npm ci there), which are not installed");
        }

        using Process process = new()
        {
            StartInfo = new ProcessStartInfo("node", arguments)
            {
                UseShellExecute = false,
                WorkingDirectory = Folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        foreach ((string name, string value) in environment)
        {
            process.StartInfo.Environment[name] = value;
        }

        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs node, which is not on the path");
        }

        using CancellationTokenSource watchdog = new(limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(watchdog.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(watchdog.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), watchdog.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(watchdog.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException error)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"node {string.Join(' ', arguments)} did not end within {limit}", error);
        }
    }
}
