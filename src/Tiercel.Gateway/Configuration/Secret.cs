namespace Tiercel.Gateway.Configuration;

/// <summary>A secret with the place it came from. Printing it prints the place, never the value.</summary>
/// <param name="reference">As in the file: <c>env:NAME</c> or <c>file:PATH</c>.</param>
/// <param name="value">What was found there, without surrounding white space.</param>
public sealed class Secret(string reference, string value)
{
    public string Reference { get; } = reference;

    /// <summary>The value itself. Belongs in no log, metric or message.</summary>
    public string Reveal() => value;

    /// <inheritdoc />
    public override string ToString() => Reference;
}
