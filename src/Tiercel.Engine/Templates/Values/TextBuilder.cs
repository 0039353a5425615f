using System.Runtime.InteropServices;
using System.Text;
using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>Joins pieces of text and keeps the origin of each. Everything appended is paid for from the run's budget first.</summary>
internal sealed class TextBuilder(Execution run)
{
    private readonly StringBuilder _text = new();
    private readonly List<TextRun> _runs = [];

    public Execution Run { get; } = run;

    public int Length => _text.Length;

    public void Append(string text, bool isTrusted)
    {
        if (text.Length == 0)
        {
            return;
        }

        Run.Characters(text.Length, 0);
        _text.Append(text);
        Extend(isTrusted);
    }

    public void Append(char character, bool isTrusted)
    {
        Run.Characters(1, 0);
        _text.Append(character);
        Extend(isTrusted);
    }

    public void Append(TextValue text) => Append(text, 0, text.Text.Length);

    public void Append(TextValue text, int start, int length)
    {
        if (length == 0)
        {
            return;
        }

        Run.Characters(length, 0);
        int before = _text.Length;
        int runs = _runs.Count;
        _text.Append(text.Text, start, length);
        TextValue.AppendRuns(_runs, text.Runs, start, length, before);
        Run.Characters(0, _runs.Count - runs);
    }

    public TextValue ToText() => _text.Length == 0 ? TextValue.Empty : new TextValue(_text.ToString(), [.. _runs]);

    public IReadOnlyList<TextSegment> ToSegments()
    {
        string text = _text.ToString();
        TextSegment[] segments = new TextSegment[_runs.Count];
        int start = 0;
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i] = new TextSegment(text[start.._runs[i].End], _runs[i].IsTrusted);
            start = _runs[i].End;
        }

        return segments;
    }

    private void Extend(bool isTrusted)
    {
        if (_runs.Count > 0 && _runs[^1].IsTrusted == isTrusted)
        {
            CollectionsMarshal.AsSpan(_runs)[^1] = new TextRun(_text.Length, isTrusted);
        }
        else
        {
            Run.Characters(0, 1);
            _runs.Add(new TextRun(_text.Length, isTrusted));
        }
    }
}
