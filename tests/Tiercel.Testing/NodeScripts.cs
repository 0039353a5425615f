using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Tiercel.Testing;

/// <summary>Runs the scripts under tests/conformance: clients and oracles that are not ours.</summary>
public static class NodeScripts
{
    /// <summary>The official client needs this version of Node.js, and so do the options its tests are run with.</summary>
    private const int OldestMajor = 20;

    private static readonly Lazy<int?> Major = new(ReadMajor);

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

        if (Major.Value is null or < OldestMajor)
        {
            Assert.Skip($"needs Node.js {OldestMajor} or later on the path; {(Major.Value is int major ? $"there is {major}" : "there is none")}");
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

        process.Start();
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

    /// <summary>The number before the first dot of <c>node --version</c> ("v20.20.2"), or null where there is no node.</summary>
    private static int? ReadMajor()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            string version = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out int major) ? major : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
