using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>
/// A string that knows which of its characters the template wrote and which came from a message, so that what a user
/// types can never become a control token. Positions are UTF-16 units except where a member says "characters": Python
/// counts code points.
/// </summary>
internal sealed class TextValue : Value
{
    public static readonly TextValue Empty = new("", []);

    private readonly TextRun[] _runs;
    private int _surrogates = -1;

    internal TextValue(string text, TextRun[] runs)
    {
        Text = text;
        _runs = runs;
    }

    public string Text { get; }

    public override string TypeName => "str";

    public override bool IsTrue => Text.Length > 0;

    /// <summary>Neighbouring runs differ in origin; the last one ends with the text. Empty for the empty text.</summary>
    public ReadOnlySpan<TextRun> Runs => _runs;

    public bool IsTrusted => _runs.Length == 0 || (_runs.Length == 1 && _runs[0].IsTrusted);

    private bool HasSurrogates
    {
        get
        {
            if (_surrogates < 0)
            {
                _surrogates = Text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? 1 : 0;
            }

            return _surrogates == 1;
        }
    }

    public static TextValue Trusted(string text) => Marked(text, isTrusted: true);

    public static TextValue FromInput(string text) => Marked(text, isTrusted: false);

    public static TextValue Marked(string text, bool isTrusted) =>
        text.Length == 0 ? Empty : new TextValue(text, [new TextRun(text.Length, isTrusted)]);

    public static TextValue Concat(TextValue left, TextValue right, Execution run)
    {
        if (left.Text.Length == 0)
        {
            return right;
        }

        if (right.Text.Length == 0)
        {
            return left;
        }

        run.Characters((long)left.Text.Length + right.Text.Length + 32, left._runs.Length + right._runs.Length);
        List<TextRun> runs = [.. left._runs];
        AppendRuns(runs, right._runs, 0, right.Text.Length, left.Text.Length);
        return new TextValue(string.Concat(left.Text, right.Text), [.. runs]);
    }

    public TextValue Slice(int start, int length, Execution run)
    {
        if (length == 0)
        {
            return Empty;
        }

        if (length == Text.Length)
        {
            return this;
        }

        if (_runs.Length == 1)
        {
            run.NewText(length, 1);
            return Marked(Text.Substring(start, length), _runs[0].IsTrusted);
        }

        List<TextRun> runs = [];
        AppendRuns(runs, _runs, start, length, 0);
        run.NewText(length, runs.Count);
        return new TextValue(Text.Substring(start, length), [.. runs]);
    }

    /// <summary>The same origins under other letters: for changes of case, which keep every position.</summary>
    public TextValue WithLetters(string text, Execution run)
    {
        run.Characters(text.Length, _runs.Length);
        return text.Length == Text.Length ? new TextValue(text, _runs) : Marked(text, IsTrusted);
    }

    public int CountCharacters(Execution run) => CountCharacters(Text.Length, run);

    /// <summary>How many characters lie before a position.</summary>
    public int CountCharacters(int position, Execution run)
    {
        run.Scan(position);
        if (!HasSurrogates)
        {
            return position;
        }

        int pairs = 0;
        for (int i = 1; i < position; i++)
        {
            if (char.IsSurrogatePair(Text, i - 1))
            {
                pairs++;
                i++;
            }
        }

        return position - pairs;
    }

    /// <summary>The position where each character starts, and the end of the text.</summary>
    public int[] CharacterStarts(Execution run)
    {
        run.Characters(2L * Text.Length, 0);
        List<int> starts = new(Text.Length + 1);
        for (int i = 0; i < Text.Length; i += char.IsSurrogatePair(Text, i) ? 2 : 1)
        {
            starts.Add(i);
            if (i + 1 == Text.Length)
            {
                break;
            }
        }

        starts.Add(Text.Length);
        return [.. starts];
    }

    /// <summary>Characters <c>[start:stop:step]</c> with Python's rules for absent and negative numbers.</summary>
    public TextValue SliceCharacters(SliceBounds bounds, Execution run)
    {
        SliceIndices indices = bounds.Resolve(CountCharacters(run));
        if (indices.Step == 1 && !HasSurrogates)
        {
            return Slice(indices.Start, indices.Count, run);
        }

        int[] starts = CharacterStarts(run);
        if (indices.Step == 1)
        {
            return Slice(starts[indices.Start], starts[indices.Start + indices.Count] - starts[indices.Start], run);
        }

        TextBuilder builder = new(run);
        for (int i = 0; i < indices.Count; i++)
        {
            int character = indices.Start + (i * indices.Step);
            builder.Append(this, starts[character], starts[character + 1] - starts[character]);
        }

        return builder.ToText();
    }

    public override IReadOnlyList<Value> Elements(Execution run)
    {
        int[] starts = CharacterStarts(run);
        run.Step(starts.Length);
        Value[] characters = new Value[starts.Length - 1];
        for (int i = 0; i < characters.Length; i++)
        {
            characters[i] = Slice(starts[i], starts[i + 1] - starts[i], run);
        }

        return characters;
    }

    public override Value? Member(string name) => TextMethods.Find(this, name);

    public override void Print(TextBuilder output) => output.Append(this);

    public override void PrintQuoted(TextBuilder output) => QuotedText.Write(this, output);

    /// <summary>Whether the character at a position was written by the template. Positions must be asked for in rising order.</summary>
    public bool IsTrustedAt(int position, ref int run)
    {
        while (_runs[run].End <= position)
        {
            run++;
        }

        return _runs[run].IsTrusted;
    }

    /// <summary>Appends the runs that cover a slice of a text, moved to where the slice goes.</summary>
    internal static void AppendRuns(List<TextRun> target, ReadOnlySpan<TextRun> source, int start, int length, int offset)
    {
        foreach (TextRun run in source)
        {
            if (run.End <= start)
            {
                continue;
            }

            int end = Math.Min(run.End, start + length) - start + offset;
            if (target.Count > 0 && target[^1].IsTrusted == run.IsTrusted)
            {
                target[^1] = target[^1] with { End = end };
            }
            else
            {
                target.Add(new TextRun(end, run.IsTrusted));
            }

            if (run.End >= start + length)
            {
                return;
            }
        }
    }
}
