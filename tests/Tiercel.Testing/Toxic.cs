namespace Tiercel.Testing;

/// <summary>A fault of one exchange.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Amount">Events for the kinds that count them, bytes a second for <see cref="ToxicKind.Slow"/>.</param>
public readonly record struct Toxic(ToxicKind Kind, int Amount = 0);
