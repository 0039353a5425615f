using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Telemetry;

/// <summary>The words for labels, made once.</summary>
internal static class OutcomeWords
{
    private static readonly string[] Attempts = Words<AttemptOutcome>();
    private static readonly string[] Requests = Words<RequestOutcome>();
    private static readonly string[] Failures = Words<StreamFailure>();
    private static readonly string[] Limits = Words<LimitKind>();
    private static readonly string[] Resumes = Words<ResumeKind>();

    public static string Of(AttemptOutcome outcome) => Attempts[(int)outcome];

    public static string Of(RequestOutcome outcome) => Requests[(int)outcome];

    public static string Of(LimitKind limit) => Limits[(int)limit];

    public static string Of(StreamFailure failure) => Failures[(int)failure];

    /// <summary>The attributes with the kind of a resume.</summary>
    public static TagSet Of(TagSet pool, ResumeKind kind) => pool.Set(TelemetryNames.Kind, Resumes[(int)kind]);

    /// <summary>The names in snake_case, by value.</summary>
    public static string[] Words<T>()
        where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName)];
}
