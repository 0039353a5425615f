using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Syntax;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>Cuts strings where something is found in them; every piece keeps its origin.</summary>
internal static class TextSearch
{
    public static TextValue Replace(Execution run, TextValue text, TextValue old, TextValue replacement, int count)
    {
        run.Search(text.Text.Length, old.Text.Length);
        TextBuilder builder = new(run);
        int start = 0;
        int left = count < 0 ? int.MaxValue : count;
        if (old.Text.Length == 0)
        {
            return ReplaceNothing(text, replacement, left, builder);
        }

        while (left-- > 0)
        {
            int found = text.Text.IndexOf(old.Text, start, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            run.Step();
            builder.Append(text, start, found - start);
            builder.Append(replacement);
            start = found + old.Text.Length;
        }

        builder.Append(text, start, text.Text.Length - start);
        return builder.ToText();
    }

    public static List<Value> Split(Execution run, TextValue text, TextValue? separator, int limit, bool fromRight)
    {
        List<Value> parts = separator is null
            ? fromRight ? SplitWordsFromRight(run, text, limit) : SplitWords(run, text, limit)
            : fromRight ? SplitFromRight(run, text, separator.Text, limit) : Split(run, text, separator.Text, limit);
        run.Step(parts.Count);
        return parts;
    }

    public static List<TextValue> SplitLines(Execution run, TextValue text, bool keepEnds)
    {
        run.Scan(text.Text.Length);
        List<TextValue> lines = [];
        int start = 0;
        while (start < text.Text.Length)
        {
            int end = start;
            while (end < text.Text.Length && !IsLineBreak(text.Text[end]))
            {
                end++;
            }

            int next = end + (end + 1 < text.Text.Length && text.Text[end] == '\r' && text.Text[end + 1] == '\n' ? 2 : end < text.Text.Length ? 1 : 0);
            run.Step();
            lines.Add(text.Slice(start, (keepEnds ? next : end) - start, run));
            start = next;
        }

        return lines;
    }

    public static bool EndsWithLineBreak(string text) => text.Length > 0 && IsLineBreak(text[^1]);

    /// <summary>The part of a text that is left when characters of a set are taken from its ends; whitespace where there is no set.</summary>
    public static TextValue Strip(Execution run, TextValue text, string? set, bool left, bool right)
    {
        run.Search(text.Text.Length, set?.Length ?? 0);
        int start = 0;
        int end = text.Text.Length;
        while (left && start < end && IsStripped(text.Text[start], set))
        {
            start++;
        }

        while (right && end > start && IsStripped(text.Text[end - 1], set))
        {
            end--;
        }

        return text.Slice(start, end - start, run);
    }

    private static bool IsStripped(char c, string? set) => set is null ? TextLiteral.IsSpace(c) : set.Contains(c);

    private static bool IsLineBreak(char c) =>
        c is '\n' or '\r' or '\v' or '\f' or '\u001C' or '\u001D' or '\u001E' or '\u0085' or '\u2028' or '\u2029';

    /// <summary>An empty text is found before each character and at the end.</summary>
    private static TextValue ReplaceNothing(TextValue text, TextValue replacement, int left, TextBuilder builder)
    {
        int[] starts = text.CharacterStarts(builder.Run);
        builder.Run.Step(starts.Length);
        for (int i = 0; i < starts.Length; i++)
        {
            builder.Append(left-- > 0 ? replacement : TextValue.Empty);
            left = Math.Max(left, 0);
            builder.Append(text, starts[i], i + 1 < starts.Length ? starts[i + 1] - starts[i] : 0);
        }

        return builder.ToText();
    }

    private static List<Value> Split(Execution run, TextValue text, string separator, int limit)
    {
        RequireSeparator(separator);
        run.Search(text.Text.Length, separator.Length);
        List<Value> parts = [];
        int start = 0;
        while (limit < 0 || parts.Count < limit)
        {
            int found = text.Text.IndexOf(separator, start, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            run.Step();
            parts.Add(text.Slice(start, found - start, run));
            start = found + separator.Length;
        }

        parts.Add(text.Slice(start, text.Text.Length - start, run));
        return parts;
    }

    private static List<Value> SplitFromRight(Execution run, TextValue text, string separator, int limit)
    {
        RequireSeparator(separator);
        run.Search(text.Text.Length, separator.Length);
        List<Value> parts = [];
        int end = text.Text.Length;
        while (limit < 0 || parts.Count < limit)
        {
            int found = text.Text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            run.Step();
            int start = found + separator.Length;
            parts.Add(text.Slice(start, end - start, run));
            end = found;
        }

        parts.Add(text.Slice(0, end, run));
        parts.Reverse();
        return parts;
    }

    /// <summary>Words between runs of whitespace; after the limit, the rest in one piece.</summary>
    private static List<Value> SplitWords(Execution run, TextValue text, int limit)
    {
        run.Scan(text.Text.Length);
        List<Value> words = [];
        int position = 0;
        while (true)
        {
            position = Skip(text.Text, position, whileSpace: true);
            if (position == text.Text.Length)
            {
                return words;
            }

            if (limit >= 0 && words.Count == limit)
            {
                words.Add(text.Slice(position, text.Text.Length - position, run));
                return words;
            }

            int end = Skip(text.Text, position, whileSpace: false);
            run.Step();
            words.Add(text.Slice(position, end - position, run));
            position = end;
        }
    }

    private static List<Value> SplitWordsFromRight(Execution run, TextValue text, int limit)
    {
        run.Scan(text.Text.Length);
        List<Value> words = [];
        int end = text.Text.Length;
        while (true)
        {
            while (end > 0 && TextLiteral.IsSpace(text.Text[end - 1]))
            {
                end--;
            }

            if (end == 0)
            {
                break;
            }

            if (limit >= 0 && words.Count == limit)
            {
                words.Add(text.Slice(0, end, run));
                break;
            }

            int start = end;
            while (start > 0 && !TextLiteral.IsSpace(text.Text[start - 1]))
            {
                start--;
            }

            run.Step();
            words.Add(text.Slice(start, end - start, run));
            end = start;
        }

        words.Reverse();
        return words;
    }

    private static int Skip(string text, int from, bool whileSpace)
    {
        int end = from;
        while (end < text.Length && TextLiteral.IsSpace(text[end]) == whileSpace)
        {
            end++;
        }

        return end;
    }

    private static void RequireSeparator(string separator)
    {
        if (separator.Length == 0)
        {
            throw new ChatTemplateException("a string is split at an empty separator");
        }
    }
}
