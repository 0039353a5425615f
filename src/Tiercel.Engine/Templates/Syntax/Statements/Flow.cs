namespace Tiercel.Engine.Templates.Syntax;

/// <summary>What follows a statement.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}
