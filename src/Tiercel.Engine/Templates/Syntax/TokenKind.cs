namespace Tiercel.Engine.Templates.Syntax;

internal enum TokenKind
{
    /// <summary>Text between tags, printed as it is.</summary>
    Data,
    OutputBegin,
    OutputEnd,
    BlockBegin,
    BlockEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}
