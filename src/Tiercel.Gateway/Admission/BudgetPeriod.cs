namespace Tiercel.Gateway.Admission;

/// <summary>A UTC day and the month it is in.</summary>
/// <param name="Day">Days since 0001-01-01.</param>
/// <param name="Month">Months since year 0.</param>
internal readonly record struct BudgetPeriod(int Day, int Month)
{
    public static BudgetPeriod Of(DateTimeOffset time)
    {
        DateOnly day = DateOnly.FromDateTime(time.UtcDateTime);
        return new BudgetPeriod(day.DayNumber, day.Year * 12 + day.Month - 1);
    }

    public DateTimeOffset DayStart => new(DateOnly.FromDayNumber(Day).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    public DateTimeOffset DayEnd => DayStart.AddDays(1);

    public DateTimeOffset MonthStart => new(Month / 12, Month % 12 + 1, 1, 0, 0, 0, TimeSpan.Zero);

    public DateTimeOffset MonthEnd => MonthStart.AddMonths(1);
}
