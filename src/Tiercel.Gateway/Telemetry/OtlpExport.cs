using System.Diagnostics;
using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Tiercel.Gateway.Telemetry;

/// <summary>
/// Sends traces and metrics to an OTLP receiver, from threads of the exporter. What cannot be sent waits in a bounded queue and is dropped beyond it:
/// a request never waits for a receiver.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private const int MaxQueuedSpans = 4096;
    private const int ExportTimeoutMilliseconds = 10_000;
    private const int LongestSpanDelayMilliseconds = 1000;

    /// <summary>How long the end of the process waits for a receiver.</summary>
    private const int ShutdownMilliseconds = 1000;

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;

    /// <param name="endpoint">Base address; <c>/v1/traces</c> and <c>/v1/metrics</c> are below it.</param>
    /// <param name="interval">Time between two sendings of metrics; spans are sent as often, and at least each second.</param>
    /// <param name="share">Share of the requests that is traced, where the client has not decided.</param>
    public OtlpExport(Uri endpoint, Meter meter, ActivitySource source, Func<double> share, TimeSpan interval)
    {
        ResourceBuilder resource = ResourceBuilder.CreateEmpty().AddService("tiercel-gateway", serviceVersion: Product.Version, autoGenerateServiceInstanceId: true);
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .SetSampler(new ParentBasedSampler(new ShareSampler(share)))
            .AddSource(source.Name)
            .AddOtlpExporter(options =>
            {
                Address(options, endpoint, "v1/traces");
                options.BatchExportProcessorOptions = new BatchExportActivityProcessorOptions
                {
                    MaxQueueSize = MaxQueuedSpans,
                    ExporterTimeoutMilliseconds = ExportTimeoutMilliseconds,
                    ScheduledDelayMilliseconds = Math.Min((int)interval.TotalMilliseconds, LongestSpanDelayMilliseconds),
                };
            })
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(meter.Name)
            .AddOtlpExporter((options, reader) =>
            {
                Address(options, endpoint, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = ExportTimeoutMilliseconds;
            })
            .Build();
    }

    public void Dispose()
    {
        _traces.Shutdown(ShutdownMilliseconds);
        _metrics.Shutdown(ShutdownMilliseconds);
        _traces.Dispose();
        _metrics.Dispose();
    }

    private static void Address(OtlpExporterOptions options, Uri endpoint, string path)
    {
        options.Protocol = OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        options.TimeoutMilliseconds = ExportTimeoutMilliseconds;
    }
}
