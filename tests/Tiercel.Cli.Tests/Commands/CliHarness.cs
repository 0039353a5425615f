using Tiercel.Cli.Startup;
using Tiercel.Engine;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.Commands;

/// <summary>Runs the command line in this process, with everything around it made up.</summary>
internal sealed class CliHarness : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly LockedWriter _output = new();
    private readonly LockedWriter _error = new();
    private readonly Dictionary<string, string> _variables = [];

    public CliHarness() => _variables["TIERCEL_HOME"] = _home.File("home");

    public string Output => _output.ToString();

    public string Error => _error.ToString();

    /// <summary>What standard input holds, or a person types.</summary>
    public string Input { get; set; } = "";

    public bool IsTerminal { get; set; }

    public ulong Seed { get; set; } = 1;

    public EngineLoader LoadEngine { get; set; } = EngineLoading.Load;

    /// <summary>Set while a command listens: stands for Ctrl-C.</summary>
    public Action? Interrupt { get; private set; }

    /// <summary>Set while a command listens: stands for SIGHUP.</summary>
    public Action? HangUp { get; private set; }

    public List<int> Exits { get; } = [];

    public string HomeFile(string path) => Path.Combine(_variables["TIERCEL_HOME"], path);

    public void Set(string variable, string value) => _variables[variable] = value;

    public Task<int> RunAsync(params string[] arguments)
    {
        _output.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();
        return CommandLine.RunAsync(arguments, Environment());
    }

    public CliEnvironment Environment() =>
        new()
        {
            Input = new StringReader(Input),
            Output = _output,
            Error = _error,
            InputIsTerminal = IsTerminal,
            OutputIsTerminal = IsTerminal,
            ErrorIsTerminal = IsTerminal,
            Time = TimeProvider.System,
            Variable = name => _variables.GetValueOrDefault(name),
            LoadEngine = LoadEngine,
            OnInterrupt = action =>
            {
                Interrupt = action;
                return new TemporaryFolder();
            },
            OnHangUp = action =>
            {
                HangUp = action;
                return new TemporaryFolder();
            },
            Exit = Exits.Add,
            DrawSeed = () => Seed,
        };

    /// <summary>The one line of an error, without the program's name.</summary>
    public string ErrorLine()
    {
        string line = Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("tiercel: ", line, StringComparison.Ordinal);
        return line["tiercel: ".Length..];
    }

    /// <summary>Uses the bundled model's vocabulary and template with answers that are made up.</summary>
    public void Script(Func<GenerationRequest, ScriptedAnswer> answer) =>
        LoadEngine = (path, options, time) =>
        {
            LoadedEngine loaded = EngineLoading.Load(path, options, time);
            return loaded with { Engine = new ScriptedEngine(loaded.Engine, answer) };
        };

    public void Dispose() => _home.Dispose();

    /// <summary>A test may look at what a command that still runs has said.</summary>
    private sealed class LockedWriter : StringWriter
    {
        private readonly Lock _lock = new();

        public override void Write(char value)
        {
            lock (_lock)
            {
                base.Write(value);
            }
        }

        public override void Write(char[] buffer, int index, int count)
        {
            lock (_lock)
            {
                base.Write(buffer, index, count);
            }
        }

        public override void Write(ReadOnlySpan<char> buffer)
        {
            lock (_lock)
            {
                base.Write(buffer);
            }
        }

        public override void Write(string? value)
        {
            lock (_lock)
            {
                base.Write(value);
            }
        }

        public override string ToString()
        {
            lock (_lock)
            {
                return base.ToString();
            }
        }
    }
}
