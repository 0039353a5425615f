using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary><c>a.b</c> and <c>a[b]</c>: methods come first in the one, elements in the other, as in Jinja.</summary>
internal static class Access
{
    public static Value Attribute(Value target, string name) =>
        target switch
        {
            UndefinedValue undefined => throw undefined.Error(),
            _ => target.Member(name) ?? (target as DictValue)?.Find(name) ?? Missing(target, name),
        };

    public static Value Item(Execution run, Value target, Value key)
    {
        Value? found = (target, key) switch
        {
            (UndefinedValue undefined, _) => throw undefined.Error(),
            (_, UndefinedValue) => new UndefinedValue($"'{target.TypeName}' object has no element of an undefined name"),
            (DictValue dict, SequenceValue or DictValue) => Missing(target, key.TypeName),
            (DictValue dict, _) => dict.Find(run, key),
            (SequenceValue { HasPositions: true } sequence, _) when Numbers.Whole(key) is not null => At(sequence, Position(key, sequence.Items.Count)),
            (TextValue text, _) when Numbers.Whole(key) is not null => At(run, text, Position(key, text.CountCharacters(run))),
            _ => null,
        };
        return found ?? (key is TextValue name ? target.Member(name.Text) ?? Missing(target, name.Text) : Missing(target, key.ToText(run).Text));
    }

    public static Value Slice(Execution run, Value target, SliceBounds bounds)
    {
        switch (target)
        {
            case TextValue text:
                return text.SliceCharacters(bounds, run);
            case SequenceValue { HasPositions: true } sequence:
                SliceIndices indices = bounds.Resolve(sequence.Items.Count);
                run.Step(indices.Count);
                List<Value> items = new(indices.Count);
                for (int i = 0; i < indices.Count; i++)
                {
                    items.Add(sequence.Items[indices.Start + (i * indices.Step)]);
                }

                return new SequenceValue(items, sequence.Kind, sequence.IsTrusted);
            case UndefinedValue undefined:
                throw undefined.Error();
            default:
                return new UndefinedValue($"'{target.TypeName}' object cannot be sliced");
        }
    }

    /// <summary>Follows <c>a.b.0</c> as the attribute arguments of filters write it.</summary>
    public static Value Path(Execution run, Value target, string path)
    {
        Value value = target;
        foreach (string part in path.Split('.'))
        {
            Value key = int.TryParse(part, out int position) ? IntegerValue.Of(position) : TextValue.Trusted(part);
            value = Item(run, value, key);
        }

        return value;
    }

    private static Value? At(SequenceValue sequence, int? position) => position is int index ? sequence.Items[index] : null;

    private static TextValue? At(Execution run, TextValue text, int? position) =>
        position is int index ? text.SliceCharacters(new SliceBounds(index, index + 1, null), run) : null;

    private static int? Position(Value key, int length)
    {
        int index = (int)System.Numerics.BigInteger.Clamp(Numbers.Whole(key) ?? 0, int.MinValue, int.MaxValue - 1);
        long position = index < 0 ? (long)index + length : index;
        return position >= 0 && position < length ? (int)position : null;
    }

    private static UndefinedValue Missing(Value target, string name)
    {
        if (name.StartsWith("__", StringComparison.Ordinal))
        {
            throw new ChatTemplateException($"access to '{name}' of a '{target.TypeName}' is refused");
        }

        return new UndefinedValue($"'{target.TypeName}' object has no attribute '{name}'");
    }
}
