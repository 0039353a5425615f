namespace Tiercel.Engine.Templates;

/// <summary>A chat template: a Jinja program from a model file, run without reflection or I/O and within limits.</summary>
public sealed class ChatTemplate
{
    private ChatTemplate(string source)
    {
        Source = source;
    }

    public string Source { get; }

    /// <summary>Parses a template.</summary>
    /// <exception cref="ChatTemplateException">It is not a legal template, or breaks a limit.</exception>
    public static ChatTemplate Parse(string source) => new(source);

    /// <summary>Renders a prompt; the segments joined are the text.</summary>
    /// <exception cref="ChatTemplateException">A limit was reached, or the template raised an error.</exception>
    public IReadOnlyList<TextSegment> Render(ChatTemplateInputs inputs) => throw new NotImplementedException();
}
