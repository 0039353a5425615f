namespace Tiercel.Engine.Templates.Syntax;

/// <summary>A parameter of a macro; its default is evaluated at each call that needs it.</summary>
internal sealed record MacroParameter(string Name, Expression? Default);
