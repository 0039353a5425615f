namespace Tiercel.Cli.Terminal;

/// <summary>How long ago something was, roughly.</summary>
internal static class TimeAgo
{
    public static string Of(DateTimeOffset moment, DateTimeOffset now)
    {
        TimeSpan age = now - moment;
        return age switch
        {
            { TotalMinutes: < 1 } => "just now",
            { TotalHours: < 1 } => Count((int)age.TotalMinutes, "minute"),
            { TotalDays: < 1 } => Count((int)age.TotalHours, "hour"),
            { TotalDays: < 14 } => Count((int)age.TotalDays, "day"),
            { TotalDays: < 60 } => Count((int)(age.TotalDays / 7), "week"),
            _ => Count((int)(age.TotalDays / 30), "month"),
        };
    }

    private static string Count(int number, string unit) => number == 1 ? $"1 {unit} ago" : $"{number} {unit}s ago";
}
