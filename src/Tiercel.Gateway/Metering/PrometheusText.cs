using System.Buffers;
using System.Globalization;
using System.Text;

namespace Tiercel.Gateway.Metering;

/// <summary>Writes the Prometheus text exposition, version 0.0.4.</summary>
internal sealed class PrometheusText(IBufferWriter<byte> output)
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Begins a family of samples. Each name is begun once.</summary>
    public void Family(string name, string type, string help)
    {
        Append($"# HELP {name} {EscapeHelp(help)}\n# TYPE {name} {type}\n");
    }

    public void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        StringBuilder line = new(name);
        if (labels.Length > 0)
        {
            line.Append('{');
            for (int i = 0; i < labels.Length; i++)
            {
                line.Append(i > 0 ? "," : "").Append(labels[i].Name).Append("=\"").Append(EscapeLabel(labels[i].Value)).Append('"');
            }

            line.Append('}');
        }

        Append(line.Append(' ').Append(Number(value)).Append('\n').ToString());
    }

    public void Histogram(string name, string help, Histogram histogram, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Family(name, "histogram", help);
        HistogramSamples(name, histogram, labels);
    }

    /// <summary>One of the histograms of a family that was begun.</summary>
    public void HistogramSamples(string name, Histogram histogram, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        long[] counts = histogram.Snapshot();
        long cumulated = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            cumulated += counts[i];
            string bound = i < histogram.Bounds.Length ? Number(histogram.Bounds[i]) : "+Inf";
            Sample($"{name}_bucket", cumulated, [.. labels, ("le", bound)]);
        }

        Sample($"{name}_sum", histogram.Sum, labels);
        Sample($"{name}_count", cumulated, labels);
    }

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf")
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static string EscapeHelp(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeLabel(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    private void Append(string text) => Encoding.UTF8.GetBytes(text, output);
}
