using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tiercel.Bench.Gateway;

/// <summary>Starts the programs that are compared, all in front of the same upstream.</summary>
internal sealed class Contenders(BenchOptions options, string folder) : IDisposable
{
    private const string Key = "bench-key-0123456789abcdef";
    private readonly List<Contender> _all = [];

    public IReadOnlyList<Contender> All => _all;

    public void Start()
    {
        int upstream = FreePort();
        _all.Add(new Contender("direct", upstream, "", Start("direct", upstream, Self, ["upstream", $"{upstream}"])));
        Add("proxy", () => Own("proxy", port => (Self, ["proxy", $"{port}", $"http://127.0.0.1:{upstream}"])));
        Add("tiercel", () => Tiercel("tiercel", options.Tiercel, upstream));
        foreach ((string name, string file) in options.Beside)
        {
            Add(name, () => Tiercel(name, file, upstream));
        }

        if ((options.Nginx ?? OnPath("nginx")) is string nginx)
        {
            Add("nginx", () => Nginx(nginx, upstream));
        }

        if (options.Portkey is string portkey)
        {
            Add("portkey", () => Own("portkey", port => ("node", [Path.Combine(portkey, "build/start-server.js"), $"--port={port}"]), $"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:{upstream}/v1\r\nAuthorization: Bearer x\r\n"));
        }
    }

    public void Dispose() => _all.ForEach(contender => contender.Dispose());

    private static string Self => Path.Combine(AppContext.BaseDirectory, "Tiercel.Bench.Gateway");

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string? OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Select(place => Path.Combine(place, program)).FirstOrDefault(File.Exists);

    private void Add(string name, Func<Contender> start)
    {
        if (options.Wants(name))
        {
            _all.Add(start());
        }
    }

    private Contender Own(string name, Func<int, (string Program, string[] Arguments)> command, string fields = "")
    {
        int port = FreePort();
        (string program, string[] arguments) = command(port);
        return new Contender(name, port, fields, Start(name, port, program, arguments));
    }

    /// <summary>The gateway as one runs it: keys, limits, budgets, prices, a ledger on disk, metrics.</summary>
    private Contender Tiercel(string name, string program, int upstream)
    {
        int port = FreePort();
        string file = Path.Combine(folder, name + ".yaml");
        File.WriteAllText(file, $$"""
            listen: [ { address: "127.0.0.1:{{port}}" } ]
            pools:
              chat:
                upstreams:
                  - { name: instant, kind: openai, url: "http://127.0.0.1:{{upstream}}", max_concurrency: 4096, price: { input: 1, cached_input: 0.5, output: 2 } }
            routes: { m: { pool: chat, class: interactive } }
            classes: { interactive: { ttft: 1h, priority: 0 } }
            tenants:
              acme:
                keys: [ { name: ci, key: "env:BENCH_KEY" } ]
                limits: { requests_per_minute: 100000000, tokens_per_minute: 1000000000, concurrent_tokens: 1000000000 }
                budget: { per_day: 1000000, per_month: 10000000 }
            ledger: { path: {{Path.Combine(folder, name + ".db")}} }
            """);
        if (!File.Exists(program))
        {
            throw new FileNotFoundException($"{program} is not there: build it first, or leave {name} out");
        }

        (string Program, string[] Arguments) command = program.EndsWith(".dll", StringComparison.Ordinal) ? ("dotnet", [program]) : (program, []);
        Process process = Start(name, port, command.Program, [.. command.Arguments, "gateway", "--config", file], ("BENCH_KEY", Key));
        return new Contender(name, port, $"Authorization: Bearer {Key}\r\n", process);
    }

    private Contender Nginx(string program, int upstream)
    {
        int port = FreePort();
        string file = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(file, $$"""
            daemon off; worker_processes 2; pid {{folder}}/nginx.pid; error_log {{folder}}/nginx.log;
            events { worker_connections 8192; }
            http {
              access_log off; client_body_buffer_size 1m; client_max_body_size 16m; client_body_temp_path {{folder}}/nb; proxy_temp_path {{folder}}/np;
              fastcgi_temp_path {{folder}}/nf; uwsgi_temp_path {{folder}}/nu; scgi_temp_path {{folder}}/ns; keepalive_requests 100000000;
              upstream u { server 127.0.0.1:{{upstream}}; keepalive 128; keepalive_requests 100000000; }
              server { listen 127.0.0.1:{{port}} backlog=4096; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } }
            }
            """);
        return new Contender("nginx", port, "", Start("nginx", port, program, ["-c", file, "-p", folder]));
    }

    private Process Start(string name, int port, string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        Process process = Process.Start(start)!;
        string log = Path.Combine(folder, name + ".log");
        process.OutputDataReceived += (_, line) => Append(log, line.Data);
        process.ErrorDataReceived += (_, line) => Append(log, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        for (int i = 0; i < 600; i++)
        {
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                probe.Connect(IPAddress.Loopback, port);
                return process;
            }
            catch (SocketException) when (!process.HasExited)
            {
                _ = process.WaitForExit(100);
            }
        }

        throw new InvalidOperationException($"{name} does not listen; see {log}");
    }

    private static void Append(string file, string? line)
    {
        lock (Key)
        {
            File.AppendAllText(file, line + "\n");
        }
    }
}
