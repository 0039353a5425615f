using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tiercel.Bench.Engine.Measuring;

namespace Tiercel.Bench.Engine.Http;

/// <summary>A server under measurement, on a port of its own; started before each measurement, so that none finds the cache of another.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int KeptLines = 40;
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Queue<string> _said = new();

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public int ProcessId => _process.Id;

    /// <summary>What requests call the model.</summary>
    public string Model { get; private set; } = "";

    /// <summary>Starts a program and waits until it lists its model.</summary>
    /// <param name="command">Program and arguments; <c>{port}</c> is replaced.</param>
    public static async Task<ServerProcess> StartAsync(IReadOnlyList<string> command, HttpClient http)
    {
        int port = FreePort();
        ProcessStartInfo start = new(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument.Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} does not start");
        ServerProcess server = new(process, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")));
        process.OutputDataReceived += (_, line) => server.Keep(line.Data);
        process.ErrorDataReceived += (_, line) => server.Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await server.WaitAsync(http);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>How the server is and the last lines that it printed: what one needs to know when a request failed.</summary>
    public string LastWords()
    {
        lock (_said)
        {
            string state = _process.WaitForExit(1_000) ? $"ended with code {_process.ExitCode}" : "still runs";
            return $"the server {state}; its last lines:{Environment.NewLine}{string.Join(Environment.NewLine, _said)}";
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(10_000);
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_said)
        {
            if (line is not null)
            {
                _said.Enqueue(line);
            }

            if (_said.Count > KeptLines)
            {
                _said.Dequeue();
            }
        }
    }

    private async Task WaitAsync(HttpClient http)
    {
        for (long start = Clock.Now; Clock.SecondsSince(start) < StartLimit.TotalSeconds;)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException(LastWords());
            }

            try
            {
                using HttpResponseMessage health = await http.GetAsync(new Uri(Address, "health"));
                using HttpResponseMessage answer = await http.GetAsync(new Uri(Address, "v1/models"));
                if (health.IsSuccessStatusCode && answer.IsSuccessStatusCode)
                {
                    using JsonDocument models = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
                    Model = models.RootElement.GetProperty("data")[0].GetProperty("id").GetString()!;
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"the server was not ready in {StartLimit.TotalSeconds:f0} s");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
