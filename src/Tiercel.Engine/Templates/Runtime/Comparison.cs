using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>Equality, order and membership as Python has them.</summary>
internal static class Comparison
{
    public static bool AreEqual(Execution run, Value left, Value right)
    {
        run.Descend();
        bool equal = (left, right) switch
        {
            (TextValue a, TextValue b) => TextsAreEqual(run, a.Text, b.Text),
            (UndefinedValue, UndefinedValue) => true,
            (SequenceValue a, SequenceValue b) => a.Kind == b.Kind && SequencesAreEqual(run, a.Items, b.Items),
            (DictValue a, DictValue b) => DictsAreEqual(run, a, b),
            _ => Numbers.TryCompare(left, right, out int order) ? order == 0 : ReferenceEquals(left, right),
        };
        run.Ascend();
        return equal;
    }

    /// <summary>Negative, zero or positive; an error for values that have no order.</summary>
    public static int Order(Execution run, string operation, Value left, Value right)
    {
        run.Step();
        switch (left, right)
        {
            case (TextValue a, TextValue b):
                run.Scan(Math.Min(a.Text.Length, b.Text.Length));
                return string.CompareOrdinal(a.Text, b.Text);
            case (SequenceValue a, SequenceValue b) when a.Kind == b.Kind && a.HasPositions:
                return OrderSequences(run, operation, a.Items, b.Items);
            case (UndefinedValue undefined, _):
                throw undefined.Error();
            case (_, UndefinedValue undefined):
                throw undefined.Error();
            default:
                // Not-a-number is neither less nor greater; no template sorts it, and as an equal it does no harm.
                return Numbers.TryCompare(left, right, out int order)
                    ? order
                    : throw new ChatTemplateException($"'{operation}' is not supported between '{left.TypeName}' and '{right.TypeName}'");
        }
    }

    public static bool Contains(Execution run, Value container, Value item)
    {
        switch (container)
        {
            case TextValue text when item is TextValue part:
                run.Search(text.Text.Length, part.Text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case TextValue:
                throw new ChatTemplateException($"'in' a string needs a string, not '{item.TypeName}'");
            case DictValue dict:
                return dict.Find(run, item) is not null;
            case SequenceValue sequence:
                return sequence.Items.Exists(element => ReferenceEquals(element, item) || AreEqual(run, element, item));
            case UndefinedValue:
                return false;
            default:
                throw new ChatTemplateException($"'{container.TypeName}' object is not iterable");
        }
    }

    private static bool TextsAreEqual(Execution run, string left, string right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        run.Scan(left.Length);
        return left == right;
    }

    private static bool SequencesAreEqual(Execution run, List<Value> left, List<Value> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (int i = 0; i < left.Count; i++)
        {
            if (!AreEqual(run, left[i], right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool DictsAreEqual(Execution run, DictValue left, DictValue right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        foreach ((Value key, Value value) in left.Entries)
        {
            if (right.Find(run, key) is not Value other || !AreEqual(run, value, other))
            {
                return false;
            }
        }

        return true;
    }

    private static int OrderSequences(Execution run, string operation, List<Value> left, List<Value> right)
    {
        run.Descend();
        int order = left.Count.CompareTo(right.Count);
        for (int i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (!AreEqual(run, left[i], right[i]))
            {
                order = Order(run, operation, left[i], right[i]);
                break;
            }
        }

        run.Ascend();
        return order;
    }
}
