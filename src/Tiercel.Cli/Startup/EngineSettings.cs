using System.CommandLine;
using System.CommandLine.Parsing;
using Tiercel.Cli.Terminal;
using Tiercel.Engine;
using Tiercel.Engine.KvCache;

namespace Tiercel.Cli.Startup;

/// <summary>The options of every command that loads a model.</summary>
internal sealed class EngineSettings
{
    private readonly Option<int?> _context = new("--context", "-c")
    {
        Description = "Tokens one request may use, prompt and output. Default: what the model was trained for, or what fits into memory.",
        HelpName = "TOKENS",
    };

    private readonly Option<long?> _kvMemory = new("--kv-memory")
    {
        Description = "Memory for keys and values, such as 2GiB. Default: chosen from the model and the free memory.",
        HelpName = "SIZE",
        CustomParser = ParseSize,
    };

    private readonly Option<string> _kvType = new("--kv-type")
    {
        Description = "Type of keys and values in memory; q8_0 takes half of f16.",
        DefaultValueFactory = _ => "f16",
    };

    private readonly Option<int?> _threads = new("--threads", "-t") { Description = "Threads that compute. Default: one a processor.", HelpName = "N" };

    public EngineSettings(Command command)
    {
        _kvType.AcceptOnlyFromAmong("f16", "q8_0");
        _context.Validators.Add(result => Limits.Require(result, 1, int.MaxValue));
        _threads.Validators.Add(result => Limits.Require(result, 1, 1024));
        command.Add(_context);
        command.Add(_kvMemory);
        command.Add(_kvType);
        command.Add(_threads);
    }

    public InferenceEngineOptions Read(ParseResult parsed) => new()
    {
        ContextLength = parsed.GetValue(_context),
        KvMemoryBytes = parsed.GetValue(_kvMemory),
        KvType = parsed.GetValue(_kvType) == "q8_0" ? KvType.Q8_0 : KvType.F16,
        Threads = parsed.GetValue(_threads),
    };

    private static long? ParseSize(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (SizeText.TryParse(text, out long bytes))
        {
            return bytes;
        }

        result.AddError($"--kv-memory: '{text}' is no size; write it like 512MiB or 2GiB");
        return null;
    }
}
