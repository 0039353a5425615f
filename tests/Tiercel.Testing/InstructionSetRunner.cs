using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;

namespace Tiercel.Testing;

/// <summary>
/// Runs a test class of the calling assembly again in a child process whose runtime may not use some instruction sets. Use:
/// <code>
/// [Theory]
/// [InlineData(InstructionSet.Avx2)] // ... one per set
/// public void HoldsOn(InstructionSet set) => InstructionSetRunner.Run(set, typeof(MyTests));
/// </code>
/// in a class other than <c>MyTests</c>. The child also runs the assembly's <c>InstructionSetProbeTests</c>, which asserts that the kernels really took the
/// path of <see cref="Requested"/>; a set that this processor lacks skips the test.
/// </summary>
public static partial class InstructionSetRunner
{
    private const string Variable = "TIERCEL_TEST_INSTRUCTION_SET";

    private static readonly TimeSpan Watchdog = TimeSpan.FromMinutes(10);

    /// <summary>In a child: the set it was started for. Null in an ordinary run.</summary>
    public static InstructionSet? Requested { get; }
        = Enum.TryParse(Environment.GetEnvironmentVariable(Variable), out InstructionSet set) ? set : null;

    /// <summary>
    /// Runs <paramref name="testClass"/> with instructions up to <paramref name="set"/>, and further variables of the environment if given; fails with the child's output if it fails.
    /// </summary>
    public static void Run(InstructionSet set, Type testClass, params (string Name, string Value)[] environment)
    {
        if (Requested is not null)
        {
            Assert.Fail($"a child of {nameof(InstructionSetRunner)} would start children: choose a class that does not call it");
        }

        SkipWhereMissing(set);
        using Process child = Start(set, testClass, environment);
        Task<string> output = child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (!child.WaitForExit(Watchdog))
        {
            child.Kill(entireProcessTree: true);
            Assert.Fail($"{testClass.Name} on {set} was still running after {Watchdog.TotalMinutes} minutes");
        }

        string text = output.GetAwaiter().GetResult() + errors.GetAwaiter().GetResult();
        Match total = TotalPattern().Match(text);
        Assert.True(child.ExitCode == 0, $"{testClass.Name} on {set} ended with {child.ExitCode}:{Environment.NewLine}{text}");
        Assert.True(total.Success && int.Parse(total.Groups[1].Value) >= 2, $"the probe and {testClass.Name} did not both run on {set}:{Environment.NewLine}{text}");
    }

    private static void SkipWhereMissing(InstructionSet set)
    {
        bool present = set switch
        {
            InstructionSet.Avx512 => Avx512BW.IsSupported && Vector512.IsHardwareAccelerated,
            InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
            _ => true,
        };
        if (!present)
        {
            Assert.Skip($"this processor has no {set}");
        }
    }

    private static Process Start(InstructionSet set, Type testClass, (string Name, string Value)[] environment)
    {
        string assembly = testClass.Assembly.Location;
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, Path.GetFileNameWithoutExtension(assembly) + (OperatingSystem.IsWindows() ? ".exe" : "")))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "-class", testClass.FullName!, "-class", "*.InstructionSetProbeTests", "-noColor" },
            Environment = { [Variable] = set.ToString() },
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        switch (set)
        {
            case InstructionSet.Avx2:
                start.Environment["DOTNET_EnableAVX512"] = "0";
                break;
            case InstructionSet.Vector128:
                start.Environment["DOTNET_EnableAVX2"] = "0";
                break;
            case InstructionSet.Scalar:
                start.Environment["DOTNET_EnableHWIntrinsic"] = "0";
                break;
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' did not start");
    }

    [GeneratedRegex(@"Total: (\d+)")]
    private static partial Regex TotalPattern();
}
