namespace Tiercel.Engine.Templates.Syntax;

/// <summary>Parses a whole template into the statements it runs.</summary>
internal sealed class TemplateParser
{
    private const int MaxParameters = 256;

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(IReadOnlyList<Token> tokens)
    {
        _tokens = new TokenReader(tokens);
        _expressions = new ExpressionParser(_tokens);
    }

    public static Body Parse(string source)
    {
        TemplateParser parser = new(Lexer.Tokenize(source));
        Body body = parser.ParseBody();
        return parser._tokens.Current.Kind == TokenKind.End
            ? body
            : throw parser._tokens.Error($"unexpected tag {parser._tokens.Current}");
    }

    /// <summary>Statements up to a block tag with one of the given names, which is left with its name as the current token.</summary>
    private Body ParseBody(params ReadOnlySpan<string> ends)
    {
        _tokens.Descend();
        List<Statement> statements = [];
        while (_tokens.Current.Kind != TokenKind.End)
        {
            Token token = _tokens.Next();
            if (token.Kind == TokenKind.Data)
            {
                statements.Add(new DataStatement(token.Text, token.Line));
            }
            else if (token.Kind == TokenKind.OutputBegin)
            {
                statements.Add(new OutputStatement(_expressions.ParseTuple(), token.Line));
                _tokens.Expect(TokenKind.OutputEnd, "the end of the tag");
            }
            else if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
            {
                _tokens.Ascend();
                return new Body(statements);
            }
            else
            {
                statements.Add(ParseStatement(token.Line));
            }
        }

        if (ends.Length > 0)
        {
            throw _tokens.Error($"the template ends where '{ends[^1]}' is missing");
        }

        _tokens.Ascend();
        return new Body(statements);
    }

    private Statement ParseStatement(int line)
    {
        Token tag = _tokens.Expect(TokenKind.Name, "the name of a tag");
        switch (tag.Text)
        {
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "set":
                return ParseSet(line);
            case "macro":
                return ParseMacro(line);
            case "call":
                return ParseCall(line);
            case "filter":
                return ParseFilter(line);
            case "with":
                return ParseWith(line);
            case "generation":
                EndTag();
                return new ScopeStatement([], ParseBlock("endgeneration"), line);
            case "break" or "continue" when _loops > 0:
                EndTag();
                return new FlowStatement(tag.Text == "break" ? Flow.Break : Flow.Continue, line);
            case "break" or "continue":
                throw _tokens.Error($"'{tag.Text}' outside a loop");
            default:
                throw _tokens.Error($"unknown or misplaced tag '{tag.Text}'");
        }
    }

    private IfStatement ParseIf(int line)
    {
        List<(Expression, Body)> branches = [];
        string end;
        do
        {
            Expression condition = _expressions.ParseTuple(withConditional: false);
            EndTag();
            branches.Add((condition, ParseBody("elif", "else", "endif")));
            end = _tokens.Next().Text;
        }
        while (end == "elif");
        Body otherwise = Body.Empty;
        if (end == "else")
        {
            EndTag();
            otherwise = ParseBody("endif");
            _tokens.Next();
        }

        EndTag();
        return new IfStatement(branches, otherwise, line);
    }

    private ForStatement ParseFor(int line)
    {
        Target target = ParseTargets(allowAttribute: false);
        _tokens.ExpectName("in");
        Expression source = _expressions.ParseTuple(withConditional: false);
        Expression? condition = _tokens.SkipName("if") ? _expressions.ParseExpression() : null;
        bool isRecursive = _tokens.SkipName("recursive");
        EndTag();
        _loops++;
        Body body = ParseBody("else", "endfor");
        _loops--;
        Body otherwise = Body.Empty;
        if (_tokens.Next().Text == "else")
        {
            EndTag();
            otherwise = ParseBody("endfor");
            _tokens.Next();
        }

        EndTag();
        return new ForStatement(target, source, condition, body, otherwise, isRecursive, line);
    }

    private Statement ParseSet(int line)
    {
        Target target = ParseTargets(allowAttribute: true);
        if (_tokens.SkipOperator("="))
        {
            Expression value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(target, value, line);
        }

        List<FilterCall> filters = [];
        while (_tokens.SkipOperator("|"))
        {
            filters.Add(_expressions.ParseFilterCall());
        }

        EndTag();
        return new CaptureStatement(target, ParseCaptured("endset"), filters, line);
    }

    private CaptureStatement ParseFilter(int line)
    {
        List<FilterCall> filters = [];
        do
        {
            filters.Add(_expressions.ParseFilterCall());
        }
        while (_tokens.SkipOperator("|"));
        EndTag();
        return new CaptureStatement(target: null, ParseCaptured("endfilter"), filters, line);
    }

    private MacroStatement ParseMacro(int line)
    {
        string name = _tokens.Expect(TokenKind.Name, "the name of a macro").Text;
        return new MacroStatement(ParseDefinition(name, ParseParameters(), "endmacro"), line);
    }

    private CallBlockStatement ParseCall(int line)
    {
        IReadOnlyList<MacroParameter> parameters = _tokens.IsOperator("(") ? ParseParameters() : [];
        CallExpression call = _expressions.ParsePostfixed() as CallExpression ?? throw _tokens.Error("expected a call");
        return new CallBlockStatement(call, ParseDefinition("caller", parameters, "endcall"), line);
    }

    private MacroDefinition ParseDefinition(string name, IReadOnlyList<MacroParameter> parameters, string end)
    {
        EndTag();
        int start = _tokens.Position;
        Body body = ParseCaptured(end);
        int stop = _tokens.Position;
        return new MacroDefinition(name, parameters, body)
        {
            UsesExtraPositional = _tokens.Mentions("varargs", start, stop),
            UsesExtraNamed = _tokens.Mentions("kwargs", start, stop),
            UsesCaller = _tokens.Mentions("caller", start, stop),
        };
    }

    /// <summary>A body whose output is kept: a loop around it cannot be left from inside.</summary>
    private Body ParseCaptured(string end)
    {
        int loops = _loops;
        _loops = 0;
        Body body = ParseBlock(end);
        _loops = loops;
        return body;
    }

    private List<MacroParameter> ParseParameters()
    {
        List<MacroParameter> parameters = [];
        _tokens.ExpectOperator("(");
        while (!_tokens.SkipOperator(")"))
        {
            string name = _tokens.Expect(TokenKind.Name, "a parameter's name").Text;
            Expression? value = _tokens.SkipOperator("=") ? _expressions.ParseExpression() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw _tokens.Error($"parameter '{name}' without a default follows one with a default");
            }

            if (parameters.Count == MaxParameters)
            {
                throw _tokens.Error($"a macro has more than {MaxParameters} parameters");
            }

            parameters.Add(new MacroParameter(name, value));
            if (!_tokens.IsOperator(")"))
            {
                _tokens.ExpectOperator(",");
            }
        }

        return parameters;
    }

    private ScopeStatement ParseWith(int line)
    {
        List<(Target, Expression)> variables = [];
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            Target target = ParseTarget(allowAttribute: false);
            _tokens.ExpectOperator("=");
            variables.Add((target, _expressions.ParseExpression()));
            if (_tokens.Current.Kind != TokenKind.BlockEnd)
            {
                _tokens.ExpectOperator(",");
            }
        }

        EndTag();
        return new ScopeStatement(variables, ParseBlock("endwith"), line);
    }

    private Target ParseTargets(bool allowAttribute)
    {
        Target first = ParseTarget(allowAttribute);
        if (!_tokens.IsOperator(","))
        {
            return first;
        }

        List<Target> targets = [first];
        while (_tokens.SkipOperator(",") && (_tokens.Current.Kind == TokenKind.Name || _tokens.IsOperator("(")) && !_tokens.IsName("in"))
        {
            targets.Add(ParseTarget(allowAttribute));
        }

        return new TupleTarget(targets);
    }

    private Target ParseTarget(bool allowAttribute)
    {
        if (_tokens.SkipOperator("("))
        {
            _tokens.Descend();
            Target inner = ParseTargets(allowAttribute);
            _tokens.Ascend();
            _tokens.ExpectOperator(")");
            return inner;
        }

        string name = _tokens.Expect(TokenKind.Name, "a variable's name").Text;
        if (name is "true" or "True" or "false" or "False" or "none" or "None" or "loop")
        {
            throw _tokens.Error($"'{name}' cannot be assigned");
        }

        return allowAttribute && _tokens.SkipOperator(".")
            ? new AttributeTarget(name, _tokens.Expect(TokenKind.Name, "an attribute's name").Text)
            : new NameTarget(name);
    }

    private Body ParseBlock(string end)
    {
        Body body = ParseBody(end);
        _tokens.Next();
        EndTag();
        return body;
    }

    private void EndTag() => _tokens.Expect(TokenKind.BlockEnd, "the end of the tag");
}
