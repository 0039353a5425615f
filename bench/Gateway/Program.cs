using System.Globalization;
using Tiercel.Bench.Gateway;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["upstream", string port]:
        InstantUpstream.Run(int.Parse(port, CultureInfo.InvariantCulture));
        return 0;
    case ["proxy", string port, string upstream]:
        await ByteProxy.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), upstream);
        return 0;
    case ["--help" or "-h"]:
        Console.WriteLine(BenchOptions.Help);
        return 0;
    default:
        return Bench.Run(BenchOptions.Parse(args));
}
