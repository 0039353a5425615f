namespace Tiercel.Engine.Templates.Syntax;

/// <summary>Walks over tokens, and counts how deep the parser is.</summary>
internal sealed class TokenReader(IReadOnlyList<Token> tokens)
{
    /// <summary>Brackets and blocks inside one another. A level of the parser takes about two kilobytes of stack.</summary>
    public const int MaxDepth = 100;

    private int _depth;

    public int Position { get; private set; }

    public Token Current => tokens[Position];

    public Token Peek => tokens[Math.Min(Position + 1, tokens.Count - 1)];

    public Token Next()
    {
        Token token = tokens[Position];
        if (token.Kind != TokenKind.End)
        {
            Position++;
        }

        return token;
    }

    public bool IsName(string name) => Current.Is(TokenKind.Name, name);

    public bool IsOperator(string text) => Current.Is(TokenKind.Operator, text);

    public bool SkipName(string name) => Skip(IsName(name));

    public bool SkipOperator(string text) => Skip(IsOperator(text));

    public Token Expect(TokenKind kind, string what) =>
        Current.Kind == kind ? Next() : throw Error($"expected {what}, found {Current}");

    public void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Error($"expected '{text}', found {Current}");
        }
    }

    public void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Error($"expected '{name}', found {Current}");
        }
    }

    /// <summary>Whether a name occurs between two positions.</summary>
    public bool Mentions(string name, int start, int end)
    {
        for (int i = start; i < end; i++)
        {
            if (tokens[i].Is(TokenKind.Name, name))
            {
                return true;
            }
        }

        return false;
    }

    public void Descend()
    {
        if (++_depth > MaxDepth)
        {
            throw Error($"more than {MaxDepth} levels of nesting");
        }
    }

    public void Ascend() => _depth--;

    public ChatTemplateException Error(string message) => new($"line {Current.Line}: {message}");

    private bool Skip(bool matches)
    {
        if (matches)
        {
            Next();
        }

        return matches;
    }
}
