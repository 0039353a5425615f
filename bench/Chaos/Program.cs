// Runs many seeds of the fleet's simulation. Usage: Tiercel.Bench.Chaos [first seed] [seeds] [threads] [defect]. Prints each failure with the least options that
// still fail; exits with 1 if there was any.
using System.Diagnostics;
using System.Globalization;
using Tiercel.Simulation.Chaos;

int first = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;
int count = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2000;
int threads = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
Defect defect = args.Length > 3 ? Enum.Parse<Defect>(args[3]) : Defect.None;
#pragma warning disable RS0030 // The time of the runs themselves is what is measured here.
long started = Stopwatch.GetTimestamp();
(ChaosTally tally, IReadOnlyList<ChaosFailure> failures) = ChaosSeeds.Run(first, count, threads, seed => ChaosOptions.Draw(seed) with { Defect = defect });
TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
#pragma warning restore RS0030
foreach (ChaosFailure failure in failures)
{
    Console.WriteLine(failure);
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} seeds in {elapsed.TotalSeconds:0.0} s on {threads} threads, {failures.Count} failed"));
Console.WriteLine(tally);
return failures.Count == 0 ? 0 : 1;
