using System.Text;

namespace Tiercel.Engine.Formats;

/// <summary>Messages that may quote a model file, which nobody trusts: they end in terminals, logs and answers.</summary>
internal static class HarmlessText
{
    private const int MaxChars = 1000;

    /// <summary>The message on one line, without control characters, cut after 1,000 characters.</summary>
    public static string Of(string message)
    {
        if (message.Length <= MaxChars && !message.Any(char.IsControl))
        {
            return message;
        }

        StringBuilder clean = new(MaxChars);
        foreach (char unit in message.Length <= MaxChars ? message : message.AsSpan(0, MaxChars - 1))
        {
            clean.Append(char.IsWhiteSpace(unit) ? ' ' : char.IsControl(unit) ? '?' : unit);
        }

        return message.Length <= MaxChars ? clean.ToString() : clean.Append('…').ToString();
    }
}
