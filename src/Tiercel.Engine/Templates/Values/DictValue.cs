using System.Numerics;
using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A dictionary that keeps the order in which its keys came.</summary>
internal sealed class DictValue(bool isTrusted = true) : Value
{
    private readonly OrderedDictionary<object, KeyValuePair<Value, Value>> _entries = [];

    /// <summary>False for an object that a client sent: its punctuation is then no more trusted than its contents.</summary>
    public bool IsTrusted { get; } = isTrusted;

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<Value, Value>> Entries => _entries.Values;

    public override string TypeName => "dict";

    public override bool IsTrue => _entries.Count > 0;

    /// <summary>Looks a key up; hashing it is paid for.</summary>
    public Value? Find(Execution run, Value key)
    {
        run.Scan((key as TextValue)?.Text.Length ?? 0);
        return _entries.TryGetValue(KeyOf(key), out KeyValuePair<Value, Value> entry) ? entry.Value : null;
    }

    public Value? Find(string key) => _entries.TryGetValue(key, out KeyValuePair<Value, Value> entry) ? entry.Value : null;

    public void Set(Execution run, Value key, Value value)
    {
        run.Scan((key as TextValue)?.Text.Length ?? 0);
        Set(key, value);
    }

    public void Set(Value key, Value value)
    {
        object name = KeyOf(key);
        // As in Python, a key that is there already stays as it was first written.
        Value kept = _entries.TryGetValue(name, out KeyValuePair<Value, Value> entry) ? entry.Key : key;
        _entries[name] = new KeyValuePair<Value, Value>(kept, value);
    }

    public void Set(string key, Value value) => Set(TextValue.Trusted(key), value);

    public bool Remove(Value key) => _entries.Remove(KeyOf(key));

    /// <summary>Equal keys give equal objects: 1, 1.0 and True are one key.</summary>
    public static object KeyOf(Value key) => key switch
    {
        TextValue text => text.Text,
        IntegerValue integer => integer.Number,
        BoolValue boolean => boolean.IsTrue ? BigInteger.One : BigInteger.Zero,
        FloatValue { Number: double number } => double.IsInteger(number) ? new BigInteger(number) : number,
        NoneValue => key,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw new ChatTemplateException($"a '{key.TypeName}' cannot be a dictionary key"),
    };

    public override Value? Member(string name) => DictMethods.Find(this, name);

    public override IReadOnlyList<Value> Elements(Execution run)
    {
        run.Step(_entries.Count);
        return [.. _entries.Values.Select(entry => entry.Key)];
    }

    public override void Print(TextBuilder output)
    {
        output.Run.Descend();
        output.Append('{', IsTrusted);
        bool first = true;
        foreach (KeyValuePair<Value, Value> entry in _entries.Values)
        {
            output.Run.Step();
            output.Append(first ? "" : ", ", IsTrusted);
            entry.Key.PrintQuoted(output);
            output.Append(": ", IsTrusted);
            entry.Value.PrintQuoted(output);
            first = false;
        }

        output.Append('}', IsTrusted);
        output.Run.Ascend();
    }
}
