namespace Tiercel.Gateway.Telemetry;

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}
