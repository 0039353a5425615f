using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>Arguments in the order of the signature they were matched with; null where none was given.</summary>
internal readonly record struct BoundArguments(string Function, Value?[] Values)
{
    public Value? this[int index] => Values[index];

    public Value Required(int index) => Values[index]!;

    /// <summary>An argument that may be absent or None; both give null.</summary>
    public Value? Optional(int index) => Values[index] is NoneValue ? null : Values[index];

    public bool Flag(int index, bool absent = false) => Values[index]?.IsTrue ?? absent;

    public int Integer(int index, int absent) => Values[index] is Value value ? Integer(value) : absent;

    public TextValue Text(int index) => Text(Required(index));

    public TextValue Text(Value value) => value switch
    {
        TextValue text => text,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw new ChatTemplateException($"{Function}() needs a string, not '{value.TypeName}'"),
    };

    public int Integer(Value value) => value switch
    {
        IntegerValue integer => integer.ToIndex(),
        BoolValue boolean => boolean.IsTrue ? 1 : 0,
        UndefinedValue undefined => throw undefined.Error(),
        _ => throw new ChatTemplateException($"{Function}() needs an integer, not '{value.TypeName}'"),
    };
}
