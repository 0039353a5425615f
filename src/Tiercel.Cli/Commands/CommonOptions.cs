using System.CommandLine;

namespace Tiercel.Cli.Commands;

/// <summary>Options and arguments that several commands have.</summary>
internal static class CommonOptions
{
    private const string ModelForms = "A name from tiercel list, user/repo:QUANT, or a .gguf file.";

    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Argument<string> Model() => new("MODEL") { Description = ModelForms };

    public static Argument<string?> OptionalModel() => new("MODEL")
    {
        Description = $"{ModelForms} Default: tiercel-tiny, which comes with the program.",
        Arity = ArgumentArity.ZeroOrOne,
    };
}
