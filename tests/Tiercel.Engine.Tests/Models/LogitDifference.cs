namespace Tiercel.Engine.Tests.Models;

/// <summary>How far logits are from the reference.</summary>
internal sealed class LogitDifference
{
    private readonly List<double> _rows = [];
    private double _squares;
    private long _count;

    public double Largest { get; private set; }

    public double RootMeanSquare => Math.Sqrt(_squares / _count);

    /// <summary>The median over rows of each row's root mean square: a router's near tie spoils one row, not this.</summary>
    public double MedianRow => _rows.Order().ElementAt(_rows.Count / 2);

    /// <summary>Compares one row.</summary>
    public void Add(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double before = _squares;
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs((double)actual[i] - expected[i]);

            // NaN fails every comparison that a limit would make, so it must not hide behind one.
            Assert.True(double.IsFinite(difference), $"logit {i} is {actual[i]}");
            Largest = Math.Max(Largest, difference);
            _squares += difference * difference;
            _count++;
        }

        _rows.Add(Math.Sqrt((_squares - before) / actual.Length));
    }
}
