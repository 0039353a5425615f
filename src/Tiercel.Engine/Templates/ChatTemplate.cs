using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Syntax;

namespace Tiercel.Engine.Templates;

/// <summary>A chat template: a Jinja program from a model file, run without reflection or I/O and within limits.</summary>
public sealed class ChatTemplate
{
    /// <summary>The largest template that is read, in UTF-16 units; the largest known one has about 20,000.</summary>
    public const int MaxSourceLength = 256 * 1024;

    private readonly Body _body;

    private ChatTemplate(string source, Body body)
    {
        Source = source;
        _body = body;
    }

    public string Source { get; }

    /// <summary>Parses a template.</summary>
    /// <exception cref="ChatTemplateException">It is not a legal template, or breaks a limit.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Length > MaxSourceLength)
        {
            throw new ChatTemplateException($"a chat template has at most {MaxSourceLength} characters, this one has {source.Length}");
        }

        return new ChatTemplate(source, TemplateParser.Parse(source));
    }

    /// <summary>Renders a prompt; the segments joined are the text. Neighbouring segments differ in trust, and none is empty.</summary>
    /// <exception cref="ChatTemplateException">A limit was reached, or the template raised an error.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; it is looked at throughout.</exception>
    public IReadOnlyList<TextSegment> Render(ChatTemplateInputs inputs, CancellationToken cancellationToken = default) =>
        Render(inputs, new RenderLimits(), cancellationToken);

    internal IReadOnlyList<TextSegment> Render(ChatTemplateInputs inputs, RenderLimits limits, CancellationToken cancellationToken)
    {
        InputReader reader = new();
        Scope scope = reader.Read(inputs);
        Execution run = new(limits, reader.Values, reader.Characters, inputs.Now, cancellationToken) { Scope = scope };
        try
        {
            _body.Execute(run);
        }
        catch (ChatTemplateException error) when (!error.RaisedByTemplate)
        {
            throw new ChatTemplateException($"chat template, line {run.Line}: {error.Message}");
        }

        return run.Output.ToSegments();
    }
}
