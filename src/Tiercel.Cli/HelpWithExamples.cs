using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Tiercel.Cli;

/// <summary>The help of System.CommandLine, and below it lines that can be typed as they are.</summary>
internal sealed class HelpWithExamples(HelpAction inner) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string[]> Examples = new(StringComparer.Ordinal)
    {
        [""] = ["tiercel serve", "tiercel run tiercel-tiny \"What is the capital of France?\"", "tiercel pull user/repo:Q4_K_M"],
        ["serve"] =
        [
            "tiercel serve",
            "tiercel serve ./model.gguf --context 8192 --kv-memory 2GiB",
            "tiercel serve user/repo:Q4_K_M --host 0.0.0.0 --api-key secret",
        ],
        ["worker"] =
        [
            "TIERCEL_CLUSTER_SECRET=… tiercel worker --port 8081",
            "TIERCEL_CLUSTER_SECRET=… tiercel worker ./model.gguf --port 8082 --worker-name second",
        ],
        ["gateway"] =
        [
            "tiercel gateway --config tiercel.yaml",
            "TIERCEL_CLUSTER_SECRET=… tiercel gateway --upstream http://127.0.0.1:8081 --upstream http://127.0.0.1:8082",
        ],
        ["run"] =
        [
            "tiercel run",
            "tiercel run tiercel-tiny \"Tell me a story about a brave fox named Nia.\"",
            "cat report.txt | tiercel run user/repo \"Summarise this in one sentence:\"",
        ],
        ["pull"] = ["tiercel pull user/repo", "tiercel pull user/repo:Q4_K_M", "HF_ENDPOINT=https://mirror.example tiercel pull user/repo"],
        ["list"] = ["tiercel list", "tiercel list --json"],
        ["show"] = ["tiercel show tiercel-tiny", "tiercel show ./model.gguf --metadata", "tiercel show tiercel-tiny --template"],
        ["rm"] = ["tiercel rm user/repo:Q4_K_M"],
        ["ps"] = ["tiercel ps", "tiercel ps --url http://127.0.0.1:9000 --json"],
        ["config"] = ["tiercel config check tiercel.yaml", "tiercel config diff old.yaml new.yaml"],
        ["top"] = ["tiercel top", "tiercel top --url http://127.0.0.1:8080 --secret-file cluster.secret", "tiercel top --once --json"],
        ["check"] = ["tiercel config check tiercel.yaml", "tiercel config check tiercel.yaml --no-secrets --json"],
        ["diff"] = ["tiercel config diff old.yaml new.yaml", "tiercel config diff old.yaml new.yaml --json"],
        ["usage"] = ["tiercel usage --ledger usage.db", "tiercel usage --config tiercel.yaml --by tenant,day --since 2026-03 --csv"],
        ["bench"] = ["tiercel bench", "tiercel bench ./model.gguf --prompt-tokens 1024 --streams 1,4,16 --json"],
    };

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int result = inner.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in Examples[command is RootCommand ? "" : command.Name])
        {
            output.WriteLine($"  {example}");
        }

        return result;
    }
}
