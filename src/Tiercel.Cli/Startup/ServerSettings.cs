using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Tiercel.Cli.Terminal;
using Tiercel.Gateway;

namespace Tiercel.Cli.Startup;

/// <summary>The options of <c>tiercel serve</c> that say how the API is offered.</summary>
internal sealed class ServerSettings
{
    private readonly Option<string> _host = new("--host")
    {
        Description = "Address to listen on; any but loopback needs --api-key or --no-auth.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly Option<int> _port = new("--port", "-p") { Description = "0 takes a free one.", HelpName = "PORT", DefaultValueFactory = _ => 8080 };
    private readonly Option<string[]> _keys = new("--api-key") { Description = "A key that clients must send; may be repeated. Default: TIERCEL_API_KEY.", HelpName = "KEY" };
    private readonly Option<bool> _noAuth = new("--no-auth") { Description = "Serve without keys, also where others can reach it." };
    private readonly Option<string[]> _hosts = new("--allow-host") { Description = "A host name that requests may use; may be repeated.", HelpName = "NAME" };
    private readonly Option<string[]> _origins = new("--allow-origin") { Description = "An origin of web pages that may call the API (CORS); may be repeated.", HelpName = "ORIGIN" };
    private readonly Option<string[]> _aliases = new("--alias") { Description = "Another name of the model; may be repeated.", HelpName = "NAME" };
    private readonly Option<string?> _log = new("--request-log") { Description = "Append a JSON line for each request to this file; - is standard error.", HelpName = "FILE" };

    public ServerSettings(Command command)
    {
        _port.Validators.Add(result => Limits.Require(result, 0, 65535));
        _aliases.Validators.Add(Limits.RequireName);
        foreach (Option option in (Option[])[_host, _port, _keys, _noAuth, _hosts, _origins, _aliases, _log])
        {
            command.Add(option);
        }
    }

    /// <summary>Reads the options; the request log is opened later, by <see cref="OpenLog"/>.</summary>
    /// <exception cref="UserErrorException">They are not safe, or no address.</exception>
    public GatewayOptions Read(ParseResult parsed, CliEnvironment environment)
    {
        IPAddress address = ParseHost(parsed.GetValue(_host)!);
        string[] keys = parsed.GetValue(_keys) ?? [];
        if (keys.Length == 0 && environment.Variable("TIERCEL_API_KEY") is { Length: > 0 } key)
        {
            keys = [key];
        }

        bool noAuth = parsed.GetValue(_noAuth);
        if (!IPAddress.IsLoopback(address) && keys.Length == 0 && !noAuth)
        {
            throw new UserErrorException(
                $"{address} can be reached from other machines: give --api-key KEY, or --no-auth if anyone may use it", ExitCodes.Usage);
        }

        if (keys.Length > 0 && noAuth)
        {
            throw new UserErrorException("--no-auth contradicts --api-key (or TIERCEL_API_KEY)", ExitCodes.Usage);
        }

        return new GatewayOptions
        {
            Endpoints = [new IPEndPoint(address, parsed.GetValue(_port))],
            ApiKeys = keys,
            NoAuth = noAuth,
            Say = line => environment.Error.WriteLine(TerminalText.OneLine($"tiercel: {line}")),
            AllowedHosts = parsed.GetValue(_hosts) ?? [],
            AllowedOrigins = parsed.GetValue(_origins) ?? [],
            Aliases = parsed.GetValue(_aliases) ?? [],
        };
    }

    /// <summary>With a configuration file, that says how the API is offered: an option that says it too would be ignored silently.</summary>
    /// <exception cref="UserErrorException">One was given.</exception>
    public void RefuseBesideFile(ParseResult parsed) => Limits.RefuseBesideFile(parsed, _host, _port, _keys, _noAuth, _aliases, _log);

    /// <summary>Makes sure that the port can be had before a large model is loaded for nothing.</summary>
    /// <exception cref="UserErrorException">It is in use, or not this user's to take.</exception>
    public static void RequireFree(IReadOnlyList<IPEndPoint> endpoints)
    {
        foreach (IPEndPoint endpoint in endpoints.Where(endpoint => endpoint.Port != 0))
        {
            using Socket probe = new(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(endpoint);
                probe.Listen();
            }
            catch (SocketException error)
            {
                throw new UserErrorException(error.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"{endpoint} is in use already; --port takes another (0: a free one)"
                    : $"cannot listen on {endpoint}: {error.Message}");
            }
        }
    }

    /// <summary>Opens the request log, or null where none is wanted.</summary>
    public Stream? OpenLog(ParseResult parsed) => parsed.GetValue(_log) switch
    {
        null => null,
        "-" => Console.OpenStandardError(),
        string path => new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0),
    };

    private static IPAddress ParseHost(string host)
    {
        if (host == "localhost")
        {
            return IPAddress.Loopback;
        }

        return IPAddress.TryParse(host, out IPAddress? address)
            ? address
            : throw new UserErrorException($"--host: '{host}' is no IP address", ExitCodes.Usage);
    }
}
