using System.CommandLine.Parsing;

namespace Tiercel.Cli.Startup;

/// <summary>Range checks of option values.</summary>
internal static class Limits
{
    /// <summary>Adds an error that names the option and the range.</summary>
    public static void Require(OptionResult result, int low, int high)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && (value < low || value > high))
        {
            result.AddError(high == int.MaxValue
                ? $"{result.Option.Name} must be at least {low}, got {value}"
                : $"{result.Option.Name} must be between {low} and {high}, got {value}");
        }
    }
}
