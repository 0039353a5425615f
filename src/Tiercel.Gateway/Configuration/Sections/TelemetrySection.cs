using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class TelemetrySection
{
    private static readonly TelemetrySettings Defaults = new();

    private static readonly Key<Uri?> Otlp = Keys.Optional(
        "otlp", Texts.Url, "Base address of an OTLP receiver over HTTP, such as `http://127.0.0.1:4318`; traces and metrics go below `/v1`. Without it nothing is sent.", needsRestart: true);

    private static readonly Key<TimeSpan> Interval = Keys.Default(
        "otlp_interval",
        Numbers.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)),
        Defaults.OtlpInterval,
        "Time between two sendings of metrics; traces are sent each second, or as often where this is shorter.",
        needsRestart: true);

    private static readonly Key<Secret?> MetricsKey = Keys.Optional(
        "metrics_key",
        Secrets.Value,
        "Asked of whoever reads `/metrics`, as `Authorization: Bearer`. They name models, pools, engines and tenants; without it everybody who reaches a listener may read them, as scrapers expect.");

    private static readonly Key<double> Share = Keys.Default(
        "trace_share", Numbers.Number(0, 1), Defaults.TraceShare, "Share of requests that are traced. A client's own decision (`traceparent`) goes before it.");

    private static readonly Key<bool> Content = Keys.Default(
        "capture_content", Numbers.Boolean, Defaults.CaptureContent, "Whether prompts and answers are part of traces (`gen_ai.input.messages`, `gen_ai.output.messages`; the first 32 KiB of text each, `tiercel.input.cut_bytes` and `tiercel.output.cut_bytes` tell what is missing). They hold what users say: leave it off unless they agreed.");

    private static readonly Key<string?> RequestLog = Keys.Optional("request_log", Texts.Path, "File of a JSON line for each request. Where it cannot be written, on a full disk say, the gateway says so, serves, and tries again; 8,192 lines wait in memory.", needsRestart: true);

    public static Section<TelemetrySettings> Table { get; } = new(
        "telemetry",
        "What is told to the outside. `/metrics` is always there.",
        [Otlp, Interval, Share, Content, MetricsKey, RequestLog],
        values => new TelemetrySettings
        {
            OtlpEndpoint = values.Get(Otlp),
            OtlpInterval = values.Get(Interval),
            MetricsKey = values.Get(MetricsKey),
            TraceShare = values.Get(Share),
            CaptureContent = values.Get(Content),
            RequestLog = values.Get(RequestLog),
        })
    {
        HoldsSecrets = true,
        Check = values =>
        {
            if (values.Context.References.LooksUp && values.Get(MetricsKey) is Secret secret && secret.Reveal().Length < Secret.MinClusterCharacters)
            {
                values.Wrong(MetricsKey, $"{secret.Reference} has fewer than {Secret.MinClusterCharacters} characters, which can be guessed");
            }
        },
    };
}
