using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class LedgerSection
{
    private static readonly LedgerSettings Defaults = new();

    private static readonly Key<string?> Path = Keys.Optional("path", Texts.Path, "SQLite file, made if it is not there; without it usage is kept in memory only.", needsRestart: true);

    private static readonly Key<int> MaxBuffered = Keys.Default(
        "max_buffered",
        Numbers.Integer(1, 10_000_000),
        Defaults.MaxBuffered,
        "Records that wait for the disk at most; beyond it they are summed by tenant, key, model and day.",
        needsRestart: true);

    private static readonly Key<TimeSpan> Flush = Keys.Default(
        "flush_interval",
        Numbers.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)),
        Defaults.FlushInterval,
        "Longest time between two writes, which is what a killed process can lose.",
        needsRestart: true);

    public static Section<LedgerSettings> Table { get; } = new(
        "ledger",
        "Where usage is kept.",
        [Path, MaxBuffered, Flush],
        values => new LedgerSettings { Path = values.Get(Path), MaxBuffered = values.Get(MaxBuffered), FlushInterval = values.Get(Flush) });
}
