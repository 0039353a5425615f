using Tiercel.Bench.Micro;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.Limits;

// Tiercel.Bench.Micro [threads] [type,type,...]
// Each kernel against what the machine can do: decode (one row) in GB/s of weights read, batches and prompts in GOP/s (a multiplication and an addition are two).
int threads = args.Length > 0 ? int.Parse(args[0]) : Environment.ProcessorCount;
TensorType[] types = args.Length > 1
    ? [.. args[1].Split(',').Select(name => Enum.Parse<TensorType>(name, ignoreCase: true))]
    : Enum.GetValues<TensorType>();
using ThreadTeam team = new(threads);
double bandwidth = MachineLimits.ReadBandwidth(team, TimeProvider.System);
double peak = MachineLimits.IntegerPeak(team, TimeProvider.System);
Console.WriteLine($"kernel path {KernelPaths.Name}{(KernelPaths.UsesGeneratedCode ? " with generated code" : "")}, {threads} threads, read bandwidth {bandwidth:f1} GB/s, integer peak of this path {peak:f0} GOP/s");
Console.WriteLine("Shapes of Qwen3-0.6B. GB/s: bytes of packed weights; stored: bytes of the file's. GOP/s by rows of a batch.");
ProjectionBench.Header();
foreach (TensorType type in types)
{
    ProjectionBench.Measure(type, team, bandwidth);
}
