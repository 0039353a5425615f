using Tiercel.Gateway.Metering;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Tiercel.Gateway.Telemetry;

/// <summary>All series of one metric.</summary>
internal sealed class MetricSeries(MetricName name)
{
    /// <summary>Beyond it values go into one series that says so, as OpenTelemetry does it.</summary>
    private const int MaxSeries = 2000;

    private readonly Lock _gate = new();

    /// <summary>Replaced whole when a series comes new, so that finding one takes no lock.</summary>
    private Dictionary<int, Series[]> _byHash = [];
    private Series? _overflow;
    private int _count;

    /// <summary>Adds a value; allocates only for the first of a series.</summary>
    public void Record(double value, ReadOnlySpan<Tag> tags)
    {
        HashCode hash = default;
        foreach (Tag tag in tags)
        {
            hash.Add(tag.Key);
            hash.Add(tag.Value);
        }

        Find(hash.ToHashCode(), tags).Record(value);
    }

    /// <summary>A gauge says only what is now: what is not told again is gone.</summary>
    public void ForgetGauges()
    {
        if (name.Kind == MetricKind.Gauge)
        {
            lock (_gate)
            {
                Volatile.Write(ref _byHash, []);
                (_overflow, _count) = (null, 0);
            }
        }
    }

    public void Write(PrometheusText text)
    {
        List<Series> all = [.. Volatile.Read(ref _byHash).Values.SelectMany(list => list)];
        if (_overflow is Series overflow)
        {
            all.Add(overflow);
        }

        if (all.Count == 0)
        {
            return;
        }

        text.Family(name.PrometheusName, name.Kind.ToString().ToLowerInvariant(), name.Description);
        foreach (Series series in all.OrderBy(series => series.Order, StringComparer.Ordinal))
        {
            if (series.Histogram is Histogram histogram)
            {
                text.HistogramSamples(name.PrometheusName, histogram, series.Labels);
            }
            else
            {
                text.Sample(name.PrometheusName, series.Value, series.Labels);
            }
        }
    }

    private Series Find(int hash, ReadOnlySpan<Tag> tags)
    {
        if (Search(hash, tags) is Series known)
        {
            return known;
        }

        lock (_gate)
        {
            if (Search(hash, tags) is Series other)
            {
                return other;
            }

            if (_count >= MaxSeries)
            {
                return _overflow ??= new Series(name, [new Tag("otel.metric.overflow", "true")]);
            }

            Series series = new(name, tags.ToArray());
            Dictionary<int, Series[]> copy = new(_byHash);
            copy[hash] = [.. copy.GetValueOrDefault(hash) ?? [], series];
            Volatile.Write(ref _byHash, copy);
            _count++;
            return series;
        }
    }

    private Series? Search(int hash, ReadOnlySpan<Tag> tags)
    {
        if (Volatile.Read(ref _byHash).TryGetValue(hash, out Series[]? list))
        {
            foreach (Series series in list)
            {
                if (series.Is(tags))
                {
                    return series;
                }
            }
        }

        return null;
    }

    private sealed class Series
    {
        private readonly bool _isGauge;
        private readonly Tag[] _tags;
        private double _value;

        public Series(MetricName name, Tag[] tags)
        {
            _tags = tags;
            _isGauge = name.Kind == MetricKind.Gauge;
            Histogram = name.Kind == MetricKind.Histogram ? new Histogram(name.Bounds) : null;
            Labels = [.. tags.Select(tag => (MetricName.Label(tag.Key), tag.Value?.ToString() ?? ""))];
            Order = string.Join('\u0001', Labels);
        }

        public Histogram? Histogram { get; }

        public (string Name, string Value)[] Labels { get; }

        public string Order { get; }

        public double Value => Volatile.Read(ref _value);

        public bool Is(ReadOnlySpan<Tag> tags)
        {
            if (tags.Length != _tags.Length)
            {
                return false;
            }

            for (int i = 0; i < tags.Length; i++)
            {
                if (!string.Equals(tags[i].Key, _tags[i].Key, StringComparison.Ordinal) || !Equals(tags[i].Value, _tags[i].Value))
                {
                    return false;
                }
            }

            return true;
        }

        public void Record(double value)
        {
            if (Histogram is not null)
            {
                Histogram.Observe(value);
                return;
            }

            if (_isGauge)
            {
                Volatile.Write(ref _value, value);
                return;
            }

            double seen = Volatile.Read(ref _value);
            while (true)
            {
                double before = Interlocked.CompareExchange(ref _value, seen + value, seen);
                if (before.Equals(seen))
                {
                    return;
                }

                seen = before;
            }
        }
    }
}
