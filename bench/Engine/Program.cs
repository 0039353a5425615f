using Tiercel.Bench.Engine;
using Tiercel.Bench.Engine.Contenders;
using Tiercel.Bench.Engine.Http;
using Tiercel.Bench.Engine.Measuring;
using Tiercel.Bench.Engine.Models;
using Tiercel.Bench.Engine.Peer;
using Tiercel.Bench.Engine.Rows;

switch (args)
{
    case ["--contender", ..]:
        return ContenderProcess.Run(args);
    case ["--spin"]:
        return BusyProcess.Spin();
    case ["--help"] or ["-h"]:
        Console.WriteLine(BenchOptions.Usage);
        return 0;
}

BenchOptions options;
try
{
    options = BenchOptions.Parse(args);
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine($"{wrong.Message}\n{BenchOptions.Usage}");
    return 2;
}

if (options.Saturation)
{
    Console.WriteLine(MachineDescription.Measure(options.Threads));
    await new HttpBench(options).SaturateAsync();
    return 0;
}

if (options.Http)
{
    MachineDescription host = MachineDescription.Measure(options.Threads);
    Console.WriteLine(host);
    TableWriter.Header(options.PeerServer is not null);
    List<RowResult> answers = await new HttpBench(options).RunAsync();
    if (options.Out != "none")
    {
        Console.WriteLine(ResultFile.Save(options.Out, "http", host, answers));
    }

    return 0;
}

List<BenchRow> rows = [.. RowList.Make(options.Shape, options.Quick)
    .Where(row => options.Rows.Count == 0 || options.Rows.Any(name => row.Id.StartsWith(name, StringComparison.Ordinal)))
    .Where(row => row.Model != "real" || File.Exists(options.Real))
    .OrderBy(row => row.FreshProcess).ThenBy(row => row.Model, StringComparer.Ordinal)];
if (options.List)
{
    rows.ForEach(row => Console.WriteLine($"{row.Id,-24} {row.Model,-20} {row.What}"));
    return 0;
}

string? peer = options.Alone ? null : PeerFolder.Find(options.Peer);
if (peer is null && !options.Alone)
{
    Console.WriteLine(PeerFolder.HowToGet);
}

MachineDescription machine = MachineDescription.Measure(options.Threads);
Console.WriteLine(machine);
TableWriter.Header(peer is not null);
List<RowResult> results = [];
using RowRunner runner = new(options, peer, FindModel);
foreach (BenchRow row in rows)
{
    RowResult result = runner.Run(row);
    result = result with { OfLimit = LimitShare.Of(FindModel(row.Model), row, RowResult.Median(result.Tiercel), machine) };
    results.Add(result);
    TableWriter.Line(result);
}

if (options.Out != "none")
{
    Console.WriteLine(ResultFile.Save(options.Out, "engine", machine, results));
}

return 0;

string FindModel(string model)
{
    if (model == "real")
    {
        return options.Real;
    }

    string[] parts = model.Split('/');
    ModelShape shape = new[] { ModelShape.Qwen3, ModelShape.Llama32 }.FirstOrDefault(shape => shape.Name == parts[0])
        ?? throw new ArgumentException($"no shape '{parts[0]}'");
    return SyntheticModel.Find(shape, parts[1], options.Models);
}
