using Tiercel.Engine.Sampling;

namespace Tiercel.Engine.Tests.Sampling;

/// <summary>
/// The sampler again, written from the definitions in double precision with full sorts and no thought of speed. It also tells how close the nearest
/// decision was, for single precision may decide a tie the other way.
/// </summary>
internal sealed class NaiveSampler(SamplingOptions options, IReadOnlyList<int> prompt, IReadOnlySet<int> endTokens)
{
    private readonly List<int> _outputs = [];

    /// <summary>Smallest relative distance of a compared pair of numbers that were not plainly equal.</summary>
    public double Margin { get; private set; } = 1;

    public void Accept(int token) => _outputs.Add(token);

    /// <summary>The probability of each token.</summary>
    public double[] Distribution(ReadOnlySpan<float> logits)
    {
        Margin = 1;
        double[] adjusted = Adjust(logits);
        if (options.Temperature < 1e-5f)
        {
            double[] greedy = new double[adjusted.Length];
            double best = adjusted.Max();
            double second = adjusted.Where(l => l != best).DefaultIfEmpty(best - 1).Max();
            Compare(best, second);
            greedy[Array.IndexOf(adjusted, best)] = 1;
            return greedy;
        }

        bool openAI = options.Order == SamplingOrder.OpenAI;
        double[] scaled = openAI ? [.. adjusted.Select(l => l / options.Temperature)] : adjusted;
        double[] p = Softmax(scaled);
        p = openAI ? MinP(p) : p;
        p = TopK(p, adjusted);
        p = Typical(p);
        p = TopP(p, adjusted);
        p = openAI ? p : MinP(p);
        if (!openAI)
        {
            p = Softmax([.. adjusted.Select((l, i) => p[i] > 0 ? l / options.Temperature : double.NegativeInfinity)]);
        }

        return p;
    }

    /// <summary>The token at a quantile.</summary>
    public int Draw(ReadOnlySpan<float> logits, double uniform)
    {
        double[] p = Distribution(logits);
        double sum = 0;
        int chosen = -1;
        for (int i = 0; i < p.Length; i++)
        {
            sum += p[i];
            if (p[i] > 0)
            {
                if (sum < 1 - 1e-9)
                {
                    Compare(sum, uniform);
                }

                chosen = chosen < 0 && sum > uniform ? i : chosen;
            }
        }

        return chosen >= 0 ? chosen : Array.FindLastIndex(p, x => x > 0);
    }

    private double[] Adjust(ReadOnlySpan<float> logits)
    {
        double[] l = [.. logits.ToArray().Select(x => (double)x)];
        foreach ((int token, float bias) in options.LogitBias ?? new Dictionary<int, float>())
        {
            l[token] += bias;
        }

        bool openAI = options.Order == SamplingOrder.OpenAI;
        int[] history = [.. prompt, .. _outputs];
        int[] repeated = openAI ? history : [.. history.TakeLast(64)];
        IReadOnlyList<int> counted = openAI ? _outputs : repeated;
        for (int i = 0; i < l.Length; i++)
        {
            if (repeated.Contains(i))
            {
                l[i] = l[i] > 0 ? l[i] / options.RepetitionPenalty : l[i] * options.RepetitionPenalty;
            }

            int count = counted.Count(t => t == i);
            l[i] -= (count * options.FrequencyPenalty) + (count > 0 ? options.PresencePenalty : 0);
        }

        ApplyDry(history, l);
        if (_outputs.Count < options.MinTokens)
        {
            foreach (int token in endTokens.Concat(options.StopTokens))
            {
                l[token] = double.NegativeInfinity;
            }
        }

        return l;
    }

    /// <summary>For every earlier place, count backwards while both sides agree and no breaker is met.</summary>
    private void ApplyDry(int[] history, double[] l)
    {
        if (options.DryMultiplier == 0)
        {
            return;
        }

        int[] window = options.DryWindow == 0 ? history : [.. history.TakeLast(options.DryWindow)];
        int[] longest = new int[l.Length];
        for (int end = 0; end < window.Length - 1; end++)
        {
            int length = 0;
            while (length <= end && window[end - length] == window[^(length + 1)] && !options.DryBreakers.Contains(window[end - length]))
            {
                length++;
            }

            longest[window[end + 1]] = Math.Max(longest[window[end + 1]], length);
        }

        for (int i = 0; i < l.Length; i++)
        {
            if (longest[i] >= options.DryAllowedLength && !options.DryBreakers.Contains(i))
            {
                l[i] -= Math.Min(1e9, options.DryMultiplier * Math.Pow(options.DryBase, longest[i] - options.DryAllowedLength));
            }
        }
    }

    private double[] MinP(double[] p)
    {
        double limit = options.MinP * p.Max();
        return Keep(p, p.Select((_, i) => i).Where(i => options.MinP == 0 || Compare(p[i], limit) >= 0));
    }

    private double[] TopK(double[] p, double[] l)
    {
        int[] order = ByLogit(p, l);
        int k = options.TopK == 0 ? order.Length : Math.Min(options.TopK, order.Length);
        if (k < order.Length)
        {
            Compare(l[order[k - 1]], l[order[k]]);
        }

        return Keep(p, order.Take(k));
    }

    private double[] TopP(double[] p, double[] l) => options.TopP == 1 ? p : Keep(p, Prefix(p, ByLogit(p, l), options.TopP));

    private double[] Typical(double[] p)
    {
        if (options.TypicalP == 1)
        {
            return p;
        }

        double entropy = p.Where(x => x > 0).Sum(x => -x * Math.Log(x));
        double[] deviation = [.. p.Select(x => Math.Abs(-Math.Log(x) - entropy))];
        int[] order = [.. Enumerable.Range(0, p.Length).Where(i => p[i] > 0).OrderBy(i => deviation[i]).ThenBy(i => i)];
        for (int i = 1; i < order.Length; i++)
        {
            if (p[order[i]] != p[order[i - 1]])
            {
                Compare(1 + deviation[order[i]], 1 + deviation[order[i - 1]]);
            }
        }

        return Keep(p, Prefix(p, order, options.TypicalP));
    }

    private static int[] ByLogit(double[] p, double[] l) =>
        [.. Enumerable.Range(0, p.Length).Where(i => p[i] > 0).OrderByDescending(i => l[i]).ThenBy(i => i)];

    private List<int> Prefix(double[] p, int[] order, double share)
    {
        List<int> kept = [];
        double sum = 0;
        foreach (int i in order)
        {
            kept.Add(i);
            sum += p[i];
            if (Compare(sum, share) >= 0)
            {
                break;
            }
        }

        return kept;
    }

    private static double[] Keep(double[] p, IEnumerable<int> kept)
    {
        double[] result = new double[p.Length];
        double total = 0;
        foreach (int i in kept)
        {
            result[i] = p[i];
            total += p[i];
        }

        return [.. result.Select(x => x / total)];
    }

    private static double[] Softmax(double[] l)
    {
        double max = l.Max();
        double[] e = [.. l.Select(x => x - max < -87 ? 0 : Math.Exp(x - max))];
        double total = e.Sum();
        return [.. e.Select(x => x / total)];
    }

    private int Compare(double a, double b)
    {
        double difference = Math.Abs(a - b) / Math.Max(1e-30, Math.Max(Math.Abs(a), Math.Abs(b)));
        Margin = Math.Min(Margin, double.IsNaN(difference) ? 1 : difference);
        return difference < 1e-12 ? 0 : a.CompareTo(b);
    }
}
