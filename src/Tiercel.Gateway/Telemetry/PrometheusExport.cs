using System.Buffers;
using System.Diagnostics.Metrics;
using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Telemetry;

/// <summary>Sums what a meter's instruments tell, and writes it as Prometheus text.</summary>
internal sealed class PrometheusExport : IDisposable
{
    private readonly Dictionary<string, MetricSeries> _metrics;
    private readonly MeterListener _listener = new();
    private readonly Lock _scrape = new();

    /// <param name="meter">Only this one is listened to; its instruments are made after this.</param>
    public PrometheusExport(Meter meter)
    {
        _metrics = TelemetryNames.All.ToDictionary(name => name.Name, name => new MetricSeries(name), StringComparer.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter) && _metrics.TryGetValue(instrument.Name, out MetricSeries? series))
            {
                listener.EnableMeasurementEvents(instrument, series);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((MetricSeries)state!).Record(value, tags));
        _listener.Start();
    }

    public void Write(IBufferWriter<byte> output)
    {
        lock (_scrape)
        {
            foreach (MetricSeries series in _metrics.Values)
            {
                series.ForgetGauges();
            }

            _listener.RecordObservableInstruments();
            PrometheusText text = new(output);
            foreach (MetricName name in TelemetryNames.All)
            {
                _metrics[name.Name].Write(text);
            }
        }
    }

    public void Dispose() => _listener.Dispose();
}
