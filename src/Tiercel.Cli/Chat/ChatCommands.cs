using System.Globalization;
using Tiercel.Engine;
using Tiercel.Engine.Sampling;

namespace Tiercel.Cli.Chat;

/// <summary>What a line that begins with a slash does.</summary>
internal sealed class ChatCommands(ChatSession session, CliEnvironment environment, int vocabularySize)
{
    private const string Help = """"
        /set NAME VALUE    temperature, top_p, top_k, min_p, seed, max_tokens, repetition_penalty
        /set system TEXT   a system message; it begins a new conversation
        /set verbose on    timings after each answer; off ends them
        /clear             begins a new conversation
        /bye               leaves; so does Ctrl-D
        /help              this list
        """                begins and ends a message of several lines
        Ctrl-C             ends an answer
        """";

    public bool Verbose { get; set; }

    /// <summary>Carries out a command; false when it was the one to leave.</summary>
    public bool Execute(string line)
    {
        string[] words = line.Trim().Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        switch (words)
        {
            case ["/bye" or "/exit" or "/quit"]:
                return false;
            case ["/help" or "/?"]:
                environment.Output.WriteLine(Help);
                break;
            case ["/clear"]:
                session.Clear();
                environment.Output.WriteLine("A new conversation.");
                break;
            case ["/set", string name, string value]:
                environment.Output.WriteLine(Set(name, value));
                break;
            case ["/set", ..]:
                environment.Output.WriteLine("Write /set NAME VALUE; /help lists the names.");
                break;
            default:
                environment.Output.WriteLine($"There is no command {words[0]}; /help lists them.");
                break;
        }

        return true;
    }

    private string Set(string name, string value)
    {
        if (name == "system")
        {
            session.Settings = session.Settings with { System = value };
            session.Clear();
            return "The system message is set; a new conversation.";
        }

        if (name == "verbose")
        {
            Verbose = value == "on" || (value != "off" && Verbose);
            return value is "on" or "off" ? $"Timings are {value}." : "Write /set verbose on or /set verbose off.";
        }

        GenerationSettings? changed = Change(session.Settings, name, value);
        if (changed is null)
        {
            return $"'{value}' is no value of {name}, or there is no such name; /help lists them.";
        }

        if (Sampler.Validate(changed.Sampling, vocabularySize) is EngineError error)
        {
            return $"{error.Message}.";
        }

        session.Settings = changed;
        return $"{name} is {value}.";
    }

    private static GenerationSettings? Change(GenerationSettings settings, string name, string value)
    {
        float? number = float.TryParse(value, CultureInfo.InvariantCulture, out float f) ? f : null;
        int? whole = int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int i) ? i : null;
        SamplingOptions sampling = settings.Sampling;
        return (name, number, whole) switch
        {
            ("temperature", { } n, _) => settings with { Sampling = sampling with { Temperature = n } },
            ("top_p", { } n, _) => settings with { Sampling = sampling with { TopP = n } },
            ("min_p", { } n, _) => settings with { Sampling = sampling with { MinP = n } },
            ("repetition_penalty", { } n, _) => settings with { Sampling = sampling with { RepetitionPenalty = n } },
            ("top_k", _, { } n) => settings with { Sampling = sampling with { TopK = n } },
            ("max_tokens", _, { } n and > 0) => settings with { MaxTokens = n },
            ("seed", _, _) when ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong seed) => settings with { Seed = seed },
            _ => null,
        };
    }
}
