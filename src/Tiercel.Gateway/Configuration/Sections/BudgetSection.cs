using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class BudgetSection
{
    private static readonly Key<decimal?> PerDay = Keys.OptionalValue("per_day", Numbers.Money(1_000_000_000), "In a UTC day.");

    private static readonly Key<decimal?> PerMonth = Keys.OptionalValue("per_month", Numbers.Money(1_000_000_000), "In a UTC month.");

    public static Section<BudgetSettings> Table { get; } = new(
        "budget",
        "What a tenant may spend, in the currency of the prices. What is left out is not limited.",
        [PerDay, PerMonth],
        values => new BudgetSettings { PerDay = values.Get(PerDay), PerMonth = values.Get(PerMonth) });
}
