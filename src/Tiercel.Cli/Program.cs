using Tiercel.Cli;

return await CommandLine.RunAsync(args, CliEnvironment.OfProcess());
