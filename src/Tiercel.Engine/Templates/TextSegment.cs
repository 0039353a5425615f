namespace Tiercel.Engine.Templates;

/// <summary>A piece of a rendered prompt.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsTrusted">
/// True for text that the template wrote: special tokens in it count. False for text that came from a message: it can
/// never become a control token, whatever it says.
/// </param>
public readonly record struct TextSegment(string Text, bool IsTrusted);
