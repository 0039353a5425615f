using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class HealthSection
{
    private static readonly HealthSettings Defaults = new();

    private static readonly Shape<TimeSpan> Time = Numbers.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));

    private static readonly Key<TimeSpan> ProbeInterval = Keys.Default("probe_interval", Time, Defaults.ProbeInterval, "Time between two probes of an upstream.");

    private static readonly Key<TimeSpan> ProbeTimeout = Keys.Default("probe_timeout", Time, Defaults.ProbeTimeout, "After which a probe has failed.");

    private static readonly Key<int> Failures = Keys.Default("failures_to_eject", Numbers.Integer(1, 1000), Defaults.FailuresToEject, "Failures in a row that eject.");

    private static readonly Key<TimeSpan> Base = Keys.Default(
        "base_ejection", Time, Defaults.BaseEjection, "First ejection; each further one is longer by this much. One for broken connections ends sooner, with a probe that passes.");

    private static readonly Key<TimeSpan> Longest = Keys.Default("max_ejection", Time, Defaults.MaxEjection, "Longest ejection.");

    private static readonly Key<double> EjectedShare = Keys.Default(
        "max_ejected_share", Numbers.Number(0, 1), Defaults.MaxEjectedShare, "Largest share of a pool that is ejected at one time.");

    private static readonly Key<double> Panic = Keys.Default("panic_share", Numbers.Number(0, 1), Defaults.PanicShare, "Below this share of usable replicas all are used.");

    private static readonly Key<TimeSpan> SlowStart = Keys.Default(
        "slow_start", Numbers.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), Defaults.SlowStart, "Time over which a replica that came back is brought to its full share.");

    private static readonly Key<TimeSpan> Heartbeat = Keys.Default(
        "heartbeat_timeout", Time, Defaults.HeartbeatTimeout, "A Tiercel worker whose step loop has told nothing for so long is suspect.");

    public static Section<HealthSettings> Table { get; } = new(
        "health",
        "When an upstream is left alone, and when it comes back.",
        [ProbeInterval, ProbeTimeout, Failures, Base, Longest, EjectedShare, Panic, SlowStart, Heartbeat],
        values => new HealthSettings
        {
            ProbeInterval = values.Get(ProbeInterval),
            ProbeTimeout = values.Get(ProbeTimeout),
            FailuresToEject = values.Get(Failures),
            BaseEjection = values.Get(Base),
            MaxEjection = values.Get(Longest),
            MaxEjectedShare = values.Get(EjectedShare),
            PanicShare = values.Get(Panic),
            SlowStart = values.Get(SlowStart),
            HeartbeatTimeout = values.Get(Heartbeat),
        })
    {
        Check = values =>
        {
            if (values.Get(Longest) < values.Get(Base))
            {
                values.Wrong(Longest, "is shorter than base_ejection");
            }
        },
    };
}
