using System.Globalization;
using System.Text;
using Tiercel.Engine.Templates.Builtins;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Syntax;

/// <summary>
/// Parses expressions by recursive descent, from what binds least: conditional, or, and, not, comparison, + -, ~, * / // %, **, sign,
/// then the primary with its attributes and calls, then filters and tests.
/// </summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    public Expression ParseExpression(bool withConditional = true)
    {
        tokens.Descend();
        Expression value = ParseOr();
        while (withConditional && tokens.SkipName("if"))
        {
            Expression condition = ParseOr();
            value = new ConditionalExpression(value, condition, tokens.SkipName("else") ? ParseExpression() : null);
        }

        tokens.Ascend();
        return value;
    }

    /// <summary>An expression, or several with commas between them, which make a tuple.</summary>
    public Expression ParseTuple(bool withConditional = true)
    {
        Expression first = ParseExpression(withConditional);
        if (!tokens.IsOperator(","))
        {
            return first;
        }

        List<Expression> items = [first];
        while (tokens.SkipOperator(","))
        {
            if (tokens.Current.Kind is TokenKind.BlockEnd or TokenKind.OutputEnd || tokens.IsOperator(")"))
            {
                break;
            }

            items.Add(ParseExpression(withConditional));
        }

        return new SequenceExpression(items, SequenceKind.Tuple);
    }

    /// <summary>A filter's name and arguments, after the bar.</summary>
    public FilterCall ParseFilterCall()
    {
        string name = tokens.Expect(TokenKind.Name, "the name of a filter").Text;
        Filter filter = Filters.Find(name) ?? throw tokens.Error($"there is no filter '{name}'");
        return new FilterCall(filter, tokens.IsOperator("(") ? ParseArguments() : ArgumentList.None);
    }

    /// <summary>A value with its attributes and calls: what may follow <c>call</c>, and the unbracketed argument of a test.</summary>
    public Expression ParsePostfixed() => ParsePostfix(ParsePrimary());

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (tokens.SkipName("or"))
        {
            left = new LogicExpression(left, ParseAnd(), isAnd: false);
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (tokens.SkipName("and"))
        {
            left = new LogicExpression(left, ParseNot(), isAnd: true);
        }

        return left;
    }

    private Expression ParseNot()
    {
        if (!tokens.SkipName("not"))
        {
            return ParseComparison();
        }

        tokens.Descend();
        Expression operand = ParseNot();
        tokens.Ascend();
        return new NotExpression(operand);
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (ComparisonOperator() is string operation)
        {
            rest.Add((operation, ParseSum()));
        }

        return rest.Count == 0 ? first : new CompareExpression(first, rest);
    }

    private string? ComparisonOperator()
    {
        if (tokens.Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
        {
            return tokens.Next().Text;
        }

        if (tokens.SkipName("in"))
        {
            return "in";
        }

        if (tokens.IsName("not") && tokens.Peek.Is(TokenKind.Name, "in"))
        {
            tokens.Next();
            tokens.Next();
            return "not in";
        }

        return null;
    }

    private Expression ParseSum()
    {
        Expression left = ParseConcat();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            string operation = tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParseConcat());
        }

        return left;
    }

    private Expression ParseConcat()
    {
        Expression first = ParseProduct();
        if (!tokens.IsOperator("~"))
        {
            return first;
        }

        List<Expression> operands = [first];
        while (tokens.SkipOperator("~"))
        {
            operands.Add(ParseProduct());
        }

        return new ConcatExpression(operands);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();
        while (tokens.Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            string operation = tokens.Next().Text;
            left = new BinaryExpression(operation, left, ParsePower());
        }

        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary();
        while (tokens.SkipOperator("**"))
        {
            left = new BinaryExpression("**", left, ParseUnary());
        }

        return left;
    }

    private Expression ParseUnary(bool withFilters = true)
    {
        Expression value;
        if (tokens.Current is { Kind: TokenKind.Operator, Text: "-" or "+" })
        {
            tokens.Descend();
            bool isNegative = tokens.Next().Text == "-";
            value = new SignExpression(ParseUnary(withFilters: false), isNegative);
            tokens.Ascend();
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        while (withFilters)
        {
            if (tokens.SkipOperator("|"))
            {
                value = new FilterExpression(value, ParseFilterCall());
            }
            else if (tokens.SkipName("is"))
            {
                value = ParseTest(value);
            }
            else if (tokens.IsOperator("("))
            {
                value = new CallExpression(value, ParseArguments());
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private TestExpression ParseTest(Expression input)
    {
        bool isNegated = tokens.SkipName("not");
        string name = tokens.Expect(TokenKind.Name, "the name of a test").Text;
        Test test = Tests.Find(name) ?? throw tokens.Error($"there is no test '{name}'");
        ArgumentList arguments = ArgumentList.None;
        if (tokens.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (StartsArgument())
        {
            arguments = new ArgumentList([ParsePostfixed()], []);
        }

        return new TestExpression(input, test, arguments, isNegated);
    }

    private bool StartsArgument() => tokens.Current switch
    {
        { Kind: TokenKind.Name, Text: "is" } => throw tokens.Error("tests cannot be chained with 'is'"),
        { Kind: TokenKind.Name, Text: string name } => name is not ("else" or "or" or "and" or "if" or "in" or "not"),
        { Kind: TokenKind.Text or TokenKind.Integer or TokenKind.Float } => true,
        { Kind: TokenKind.Operator, Text: "[" or "{" } => true,
        _ => false,
    };

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (tokens.SkipOperator("."))
            {
                Token name = tokens.Next();
                value = name.Kind switch
                {
                    TokenKind.Name => new AttributeExpression(value, name.Text),
                    TokenKind.Integer => new ItemExpression(value, new LiteralExpression(IntegerValue.Parse(name.Text))),
                    _ => throw tokens.Error($"expected an attribute's name, found {name}"),
                };
            }
            else if (tokens.SkipOperator("["))
            {
                value = ParseSubscript(value);
            }
            else if (tokens.IsOperator("("))
            {
                value = new CallExpression(value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseSubscript(Expression target)
    {
        Expression? start = tokens.IsOperator(":") ? null : ParseExpression();
        if (tokens.SkipOperator("]"))
        {
            return new ItemExpression(target, start!);
        }

        tokens.ExpectOperator(":");
        Expression? stop = ParseBound();
        Expression? step = tokens.SkipOperator(":") ? ParseBound() : null;
        tokens.ExpectOperator("]");
        return new SliceExpression(target, start, stop, step);
    }

    private Expression? ParseBound() => tokens.IsOperator(":") || tokens.IsOperator("]") ? null : ParseExpression();

    private ArgumentList ParseArguments()
    {
        tokens.ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? spread = null;
        Expression? namedSpread = null;
        while (!tokens.SkipOperator(")"))
        {
            if (tokens.SkipOperator("**"))
            {
                namedSpread = namedSpread is null ? ParseExpression() : throw tokens.Error("'**' is used twice");
            }
            else if (tokens.SkipOperator("*"))
            {
                spread = spread is null ? ParseExpression() : throw tokens.Error("'*' is used twice");
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Peek.Is(TokenKind.Operator, "="))
            {
                string name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, ParseExpression()));
            }
            else if (named.Count > 0 || spread is not null || namedSpread is not null)
            {
                throw tokens.Error("a positional argument follows a named one");
            }
            else
            {
                positional.Add(ParseExpression());
            }

            if (!tokens.IsOperator(")"))
            {
                tokens.ExpectOperator(",");
            }
        }

        return new ArgumentList(positional, named, spread, namedSpread);
    }

    private Expression ParsePrimary()
    {
        Token token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ParseName(token.Text);
            case TokenKind.Text:
                return new LiteralExpression(TextValue.Trusted(ParseText(token.Text)));
            case TokenKind.Integer:
                return new LiteralExpression(IntegerValue.Parse(token.Text));
            case TokenKind.Float:
                return new LiteralExpression(new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                return ParseBracketed();
            case TokenKind.Operator when token.Text == "[":
                return ParseList();
            case TokenKind.Operator when token.Text == "{":
                return ParseDict();
            default:
                throw tokens.Error($"expected an expression, found {token}");
        }
    }

    /// <summary>String literals side by side are one.</summary>
    private string ParseText(string first)
    {
        if (tokens.Current.Kind != TokenKind.Text)
        {
            return first;
        }

        StringBuilder text = new(first);
        while (tokens.Current.Kind == TokenKind.Text)
        {
            text.Append(tokens.Next().Text);
        }

        return text.ToString();
    }

    private static Expression ParseName(string name) => name switch
    {
        "true" or "True" => new LiteralExpression(BoolValue.True),
        "false" or "False" => new LiteralExpression(BoolValue.False),
        "none" or "None" => new LiteralExpression(NoneValue.Instance),
        _ => new NameExpression(name),
    };

    private Expression ParseBracketed()
    {
        if (tokens.SkipOperator(")"))
        {
            return new SequenceExpression([], SequenceKind.Tuple);
        }

        Expression inner = ParseTuple();
        tokens.ExpectOperator(")");
        return inner;
    }

    private SequenceExpression ParseList()
    {
        List<Expression> items = [];
        while (!tokens.SkipOperator("]"))
        {
            items.Add(ParseExpression());
            if (!tokens.IsOperator("]"))
            {
                tokens.ExpectOperator(",");
            }
        }

        return new SequenceExpression(items, SequenceKind.List);
    }

    private DictExpression ParseDict()
    {
        List<(Expression, Expression)> entries = [];
        while (!tokens.SkipOperator("}"))
        {
            Expression key = ParseExpression();
            tokens.ExpectOperator(":");
            entries.Add((key, ParseExpression()));
            if (!tokens.IsOperator("}"))
            {
                tokens.ExpectOperator(",");
            }
        }

        return new DictExpression(entries);
    }
}
