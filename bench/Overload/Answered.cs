namespace Tiercel.Bench.Overload;

/// <summary>How one request ended: with its time to the first token, refused with 429 or 503 after a time, or otherwise, which is a failure. Seconds; beginning and end count from the beginning of the load.</summary>
internal readonly record struct Answered(string Tenant, double? Ttft, double? RefusedAfter, double Began = 0, double Ended = 0)
{
    public bool Failed => Ttft is null && RefusedAfter is null;
}
