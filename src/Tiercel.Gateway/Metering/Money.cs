using System.Globalization;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Metering;

/// <summary>An amount in billionths of the currency of the prices. Sums are exact, and stop at the largest amount instead of turning round.</summary>
/// <param name="Nanos">10⁻⁹ of the currency.</param>
public readonly record struct Money(long Nanos) : IComparable<Money>
{
    private const decimal NanosPerUnit = 1_000_000_000m;
    private const decimal TokensPerPrice = 1_000_000m;

    public static readonly Money Zero;

    public static readonly Money Max = new(long.MaxValue);

    public decimal Amount => Nanos / NanosPerUnit;

    public static Money operator +(Money left, Money right) => new(Saturate((Int128)left.Nanos + right.Nanos));

    public static Money operator -(Money left, Money right) => new(Saturate((Int128)left.Nanos - right.Nanos));

    public static bool operator >(Money left, Money right) => left.Nanos > right.Nanos;

    public static bool operator <(Money left, Money right) => left.Nanos < right.Nanos;

    public static bool operator >=(Money left, Money right) => left.Nanos >= right.Nanos;

    public static bool operator <=(Money left, Money right) => left.Nanos <= right.Nanos;

    public static Money Add(Money left, Money right) => left + right;

    public static Money Subtract(Money left, Money right) => left - right;

    /// <summary>Rounds to the nearest billionth.</summary>
    public static Money Of(decimal amount) =>
        amount >= Max.Amount ? Max : amount <= -Max.Amount ? new(-long.MaxValue) : new((long)decimal.Round(amount * NanosPerUnit));

    /// <summary>Sums of whole units and of billionths that were added up apart.</summary>
    internal static Money OfParts(long units, long nanos) => new(Saturate((Int128)units * (long)NanosPerUnit + nanos));

    /// <summary>What a request cost: prompt tokens that were computed, prompt tokens from the cache, generated tokens, and the time of the engine.</summary>
    /// <param name="promptTokens">All prompt tokens, those from the cache among them.</param>
    internal static Money Cost(PriceSettings price, long promptTokens, long cachedTokens, long completionTokens, TimeSpan engine)
    {
        long cached = Math.Clamp(cachedTokens, 0, Math.Max(0, promptTokens));
        try
        {
            decimal tokens = (Math.Max(0, promptTokens) - cached) * price.Input + cached * price.CachedInput + Math.Max(0, completionTokens) * price.Output;
            decimal seconds = Math.Max(0, engine.Ticks) / (decimal)TimeSpan.TicksPerSecond * price.EngineSecond;
            return Of(tokens / TokensPerPrice + seconds);
        }
        catch (OverflowException)
        {
            return Max;
        }
    }

    public int CompareTo(Money other) => Nanos.CompareTo(other.Nanos);

    public override string ToString() => Amount.ToString("0.#########", CultureInfo.InvariantCulture);

    private static long Saturate(Int128 nanos) => (long)Int128.Clamp(nanos, -long.MaxValue, long.MaxValue);
}
