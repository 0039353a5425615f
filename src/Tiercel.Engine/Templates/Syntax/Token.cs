namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A token; the text of a string literal is already unescaped.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;

    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.BlockEnd or TokenKind.OutputEnd => "the end of the tag",
        TokenKind.Data => "text",
        _ => $"'{(Text.Length > 40 ? Text[..40] + "…" : Text)}'",
    };
}
