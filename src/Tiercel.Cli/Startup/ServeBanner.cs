using System.Globalization;
using System.Text.Json;
using Tiercel.Cli.Json;
using Tiercel.Cli.ModelStore;
using Tiercel.Cli.Terminal;
using Tiercel.Engine.Models;

namespace Tiercel.Cli.Startup;

/// <summary>What <c>tiercel serve</c> says before anything else: what runs, how it was set up, where it is, and a line to paste.</summary>
internal static class ServeBanner
{
    public static void Write(CliEnvironment environment, LoadedEngine loaded, string url, bool needsKey, bool json)
    {
        ModelDescription model = loaded.Engine.Model;
        if (json)
        {
            ServeStarted started = new(url, $"{url}/v1", model.Name, model.Path, model.ContextLength, loaded.MemoryPlan, loaded.Threads, loaded.KernelPath, needsKey);
            CliJson.Write(environment, started, CliJson.Default.ServeStarted);
            return;
        }

        string parameters = model.ParameterCount.ToString("N0", CultureInfo.InvariantCulture);
        Line(environment, $"model    {model.Name}: {model.Architecture}, {model.WeightType}, {parameters} parameters, {ByteSize.Format(model.WeightBytes)} of weights");
        Line(environment, $"memory   {loaded.MemoryPlan}");
        Line(environment, $"compute  {loaded.Threads} threads, {loaded.KernelPath} kernels");
        Line(environment, $"ready    {url} (OpenAI base URL: {url}/v1)");
        Line(environment, $"try      {Curl(model, Reachable(url), needsKey)}");
        Line(environment, "Ctrl-C ends it after the running requests; a second Ctrl-C at once.");
        environment.Output.Flush();
    }

    private static void Line(CliEnvironment environment, string text) => environment.Output.WriteLine(TerminalText.OneLine(text));

    /// <summary>"Every address" is where a server listens and not where it can be called.</summary>
    private static string Reachable(string url) =>
        url.Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//[::]:", "//[::1]:", StringComparison.Ordinal);

    private static string Curl(ModelDescription model, string url, bool needsKey)
    {
        string key = needsKey ? " -H \"Authorization: Bearer $TIERCEL_API_KEY\"" : "";

        // A quote in the name would end the shell's string; within it, it is written as '\''.
        string name = $"\"{JsonEncodedText.Encode(model.Name)}\"".Replace("'", "'\\''", StringComparison.Ordinal);
        (string path, string body) = model.CanGenerate
            ? ("chat/completions", $"\"messages\":[{{\"role\":\"user\",\"content\":\"What is the capital of France?\"}}]")
            : ("embeddings", "\"input\":\"What is the capital of France?\"");
        return $"curl {url}/v1/{path} -H 'Content-Type: application/json'{key} -d '{{\"model\":{name},{body}}}'";
    }
}
