using System.Collections.Frozen;
using System.Numerics;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>All tests by name. One that is not here is refused when the template is parsed.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Test> ByName = new Dictionary<string, Test>
    {
        ["defined"] = Plain("defined", value => value is not UndefinedValue),
        ["undefined"] = Plain("undefined", value => value is UndefinedValue),
        ["none"] = Plain("none", value => value is NoneValue),
        ["boolean"] = Plain("boolean", value => value is BoolValue),
        ["true"] = Plain("true", value => value is BoolValue { IsTrue: true }),
        ["false"] = Plain("false", value => value is BoolValue { IsTrue: false }),
        ["integer"] = Plain("integer", value => value is IntegerValue),
        ["float"] = Plain("float", value => value is FloatValue),
        ["number"] = Plain("number", value => value is IntegerValue or FloatValue or BoolValue),
        ["string"] = Plain("string", value => value is TextValue),
        ["mapping"] = Plain("mapping", value => value is DictValue),
        // An undefined value counts as iterable and as a sequence, in Jinja as here: it has no elements.
        ["iterable"] = Plain("iterable", value => value is TextValue or DictValue or SequenceValue or UndefinedValue),
        ["sequence"] = Plain("sequence", value => value is TextValue or DictValue or SequenceValue { HasPositions: true } or UndefinedValue),
        ["callable"] = Plain("callable", value => value.IsCallable || value is UndefinedValue),
        ["escaped"] = Plain("escaped", _ => false),
        ["odd"] = (_, value, arguments) => !Whole("odd", value, arguments).IsEven,
        ["even"] = (_, value, arguments) => Whole("even", value, arguments).IsEven,
        ["divisibleby"] = DivisibleBy,
        ["lower"] = (run, value, arguments) => HasCase(run, value, arguments, isUpper: false),
        ["upper"] = (run, value, arguments) => HasCase(run, value, arguments, isUpper: true),
        ["sameas"] = (run, value, arguments) => IsSame(value, Other("sameas", arguments)),
        ["in"] = (run, value, arguments) => Comparison.Contains(run, Other("in", arguments), value),
        ["filter"] = (_, value, arguments) => value is TextValue name && Filters.Find(name.Text) is not null,
        ["test"] = (_, value, arguments) => value is TextValue name && Find(name.Text) is not null,
    }.Concat(Comparisons()).ToFrozenDictionary();

    public static Test? Find(string name) => ByName.GetValueOrDefault(name);

    private static IEnumerable<KeyValuePair<string, Test>> Comparisons()
    {
        Test equal = (run, value, arguments) => Comparison.AreEqual(run, value, Other("eq", arguments));
        Test unequal = (run, value, arguments) => !Comparison.AreEqual(run, value, Other("ne", arguments));
        Test less = (run, value, arguments) => Comparison.Order(run, "<", value, Other("lt", arguments)) < 0;
        Test lessOrEqual = (run, value, arguments) => Comparison.Order(run, "<=", value, Other("le", arguments)) <= 0;
        Test greater = (run, value, arguments) => Comparison.Order(run, ">", value, Other("gt", arguments)) > 0;
        Test greaterOrEqual = (run, value, arguments) => Comparison.Order(run, ">=", value, Other("ge", arguments)) >= 0;
        return
        [
            new("eq", equal), new("equalto", equal), new("==", equal),
            new("ne", unequal), new("!=", unequal),
            new("lt", less), new("lessthan", less), new("<", less),
            new("le", lessOrEqual), new("<=", lessOrEqual),
            new("gt", greater), new("greaterthan", greater), new(">", greater),
            new("ge", greaterOrEqual), new(">=", greaterOrEqual),
        ];
    }

    private static Test Plain(string name, Func<Value, bool> holds) => (_, value, arguments) =>
    {
        arguments.Bind(name, 0);
        return holds(value);
    };

    private static Value Other(string name, CallArguments arguments) => arguments.Bind(name, 1, "other").Required(0);

    private static bool DivisibleBy(Execution run, Value value, CallArguments arguments)
    {
        BigInteger divisor = Numbers.Whole(Other("divisibleby", arguments)) ?? 0;
        BigInteger number = Whole("divisibleby", value, CallArguments.None);
        return divisor.IsZero ? throw new ChatTemplateException("division by zero") : (number % divisor).IsZero;
    }

    private static BigInteger Whole(string name, Value value, CallArguments arguments)
    {
        arguments.Bind(name, 0);
        return Numbers.Whole(value) ?? throw new ChatTemplateException($"test '{name}' needs an integer, not '{value.TypeName}'");
    }

    private static bool HasCase(Execution run, Value value, CallArguments arguments, bool isUpper)
    {
        arguments.Bind(isUpper ? "upper" : "lower", 0);
        return TextMethods.HasCase(value.ToText(run).Text, isUpper);
    }

    private static bool IsSame(Value left, Value right) =>
        ReferenceEquals(left, right)
        || (left is IntegerValue a && right is IntegerValue b && a.Number == b.Number)
        || (left is TextValue x && right is TextValue y && x.Text == y.Text);
}
