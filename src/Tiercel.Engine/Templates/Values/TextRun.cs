namespace Tiercel.Engine.Templates.Values;

/// <summary>Characters of one origin: those from the end of the run before it up to <paramref name="End"/>, exclusive.</summary>
internal readonly record struct TextRun(int End, bool IsTrusted);
