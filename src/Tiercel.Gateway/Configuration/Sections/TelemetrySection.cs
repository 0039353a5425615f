using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class TelemetrySection
{
    private static readonly TelemetrySettings Defaults = new();

    private static readonly Key<Uri?> Otlp = Keys.Optional(
        "otlp", Texts.Url, "Base address of an OTLP receiver over HTTP, such as `http://127.0.0.1:4318`; traces and metrics go below `/v1`. Without it nothing is sent.", needsRestart: true);

    private static readonly Key<double> Share = Keys.Default(
        "trace_share", Numbers.Number(0, 1), Defaults.TraceShare, "Share of requests that are traced. A client's own decision (`traceparent`) goes before it.");

    private static readonly Key<bool> Content = Keys.Default(
        "capture_content", Numbers.Boolean, Defaults.CaptureContent, "Whether prompts and answers are part of traces (`gen_ai.input.messages`, `gen_ai.output.messages`; the first 32 KiB of text each, `tiercel.input.cut_bytes` and `tiercel.output.cut_bytes` tell what is missing). They hold what users say: leave it off unless they agreed.");

    private static readonly Key<string?> RequestLog = Keys.Optional("request_log", Texts.Path, "File of a JSON line for each request.", needsRestart: true);

    public static Section<TelemetrySettings> Table { get; } = new(
        "telemetry",
        "What is told to the outside. `/metrics` is always there.",
        [Otlp, Share, Content, RequestLog],
        values => new TelemetrySettings
        {
            OtlpEndpoint = values.Get(Otlp),
            TraceShare = values.Get(Share),
            CaptureContent = values.Get(Content),
            RequestLog = values.Get(RequestLog),
        });
}
