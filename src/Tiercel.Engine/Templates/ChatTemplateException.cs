using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Templates;

/// <summary>A chat template that does not parse, breaks a limit, or raised an error of its own about the messages it was given.</summary>
public sealed class ChatTemplateException : Exception
{
    public ChatTemplateException(string message, bool raisedByTemplate = false)
        : base(HarmlessText.Of(message))
    {
        RaisedByTemplate = raisedByTemplate;
    }

    /// <summary>True when the template itself called <c>raise_exception</c>: the messages are to blame, not the template.</summary>
    public bool RaisedByTemplate { get; }
}
