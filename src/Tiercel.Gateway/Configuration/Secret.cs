namespace Tiercel.Gateway.Configuration;

/// <summary>A secret with the place it came from. Printing it prints the place, never the value. Two are equal when place and value are.</summary>
/// <param name="reference">As in the file: <c>env:NAME</c> or <c>file:PATH</c>.</param>
/// <param name="value">What was found there, without surrounding white space.</param>
public sealed class Secret(string reference, string value) : IEquatable<Secret>
{
    /// <summary>A cluster's secret that is shorter can be guessed.</summary>
    public const int MinClusterCharacters = 8;

    private readonly string _value = value;

    public string Reference { get; } = reference;

    /// <summary>The value itself. Belongs in no log, metric or message.</summary>
    public string Reveal() => _value;

    /// <inheritdoc />
    public bool Equals(Secret? other) => other is not null && other.Reference == Reference && other._value == _value;

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc />
    public override int GetHashCode() => Reference.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc />
    public override string ToString() => Reference;
}
