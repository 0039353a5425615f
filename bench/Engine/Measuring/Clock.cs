namespace Tiercel.Bench.Engine.Measuring;

/// <summary>The monotonic clock of all measurements.</summary>
internal static class Clock
{
    public static long Now => TimeProvider.System.GetTimestamp();

    public static double SecondsSince(long timestamp) => TimeProvider.System.GetElapsedTime(timestamp).TotalSeconds;

    public static double Seconds(long from, long to) => TimeProvider.System.GetElapsedTime(from, to).TotalSeconds;
}
