using System.ComponentModel;
using System.Diagnostics;
using System.Net;

namespace Tiercel.Testing;

/// <summary>Runs Prometheus and its tool, of Debian's package <c>prometheus</c>. A test that needs one is skipped where it is not installed.</summary>
public static class PrometheusTools
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs <c>promtool</c> to its end.</summary>
    /// <param name="input">What it reads from standard input.</param>
    public static async Task<(int ExitCode, string Output)> RunToolAsync(string[] arguments, string input = "")
    {
        using Process process = Start("promtool", arguments);
        using CancellationTokenSource watchdog = new(Limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(watchdog.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(watchdog.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), watchdog.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(watchdog.Token);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException error)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"promtool {string.Join(' ', arguments)} did not end within {Limit}", error);
        }
    }

    /// <summary>Starts <c>prometheus</c>. The caller kills it.</summary>
    public static Process StartServer(string configuration, string data, IPEndPoint address)
    {
        Process process = Start(
            "prometheus",
            [$"--config.file={configuration}", $"--storage.tsdb.path={data}", $"--web.listen-address={address}", "--log.level=error"]);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static Process Start(string program, string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"needs {program} on the path (Debian's package prometheus), which is not installed");
            throw;
        }
    }
}
