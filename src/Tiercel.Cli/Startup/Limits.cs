using System.CommandLine;
using System.CommandLine.Parsing;

namespace Tiercel.Cli.Startup;

/// <summary>Checks of option values.</summary>
internal static class Limits
{
    /// <summary>Longest name that a model can be served under, in characters; a request cannot say a longer one.</summary>
    private const int NameChars = 256;

    /// <summary>Adds an error for a model's name that no request could say, or that would garble a terminal.</summary>
    public static void RequireName(OptionResult result)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value) || token.Value.Length > NameChars || token.Value.Any(char.IsControl)))
        {
            result.AddError($"{result.Option.Name} takes a name of 1 to {NameChars} printable characters");
        }
    }

    /// <exception cref="UserErrorException">One of the options was given beside <c>--config</c>, which says the same.</exception>
    public static void RefuseBesideFile(ParseResult parsed, params IEnumerable<Option> options)
    {
        if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is Option option)
        {
            throw new UserErrorException($"{option.Name} is not read beside --config: the file says how the API is offered; write it there", ExitCodes.Usage);
        }
    }

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
