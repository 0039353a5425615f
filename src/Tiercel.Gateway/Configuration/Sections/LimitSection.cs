using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class LimitSection
{
    private static readonly BodyLimits Defaults = new();

    private static readonly Key<long> Body = Keys.Default("max_body", Numbers.Size(1 << 10, 1L << 30), Defaults.MaxBodyBytes, "Largest body of a request.");

    private static readonly Key<long> Buffered = Keys.Default(
        "max_buffered_bodies", Numbers.Size(1 << 10, 1L << 40), Defaults.MaxBufferedBodyBytes, "All bodies that are in memory at one time.");

    private static readonly Key<int> Connections = Keys.Default(
        "max_connections", Numbers.Integer(1, 1_000_000), Defaults.MaxConnections, "Connections of clients at one time.", needsRestart: true);

    private static readonly Key<long> Answer = Keys.Default("max_answer", Numbers.Size(1 << 10, 1L << 30), Defaults.MaxAnswerBytes, "Largest answer that is not streamed.");

    private static readonly Key<long> BufferedAnswers = Keys.Default(
        "max_buffered_answers", Numbers.Size(1 << 10, 1L << 40), Defaults.MaxBufferedAnswerBytes, "All answers of more than 64 KiB that are not streamed and are in memory at one time. One that finds no room is refused with 503.");

    private static readonly Key<long> Event = Keys.Default("max_event", Numbers.Size(1 << 10, 1 << 30), Defaults.MaxEventBytes, "Longest line of a stream.");

    private static readonly Key<TimeSpan> SlowReader = Keys.Default(
        "slow_reader",
        Numbers.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        Defaults.SlowReader,
        "How long a client may take nothing of its answer before its connection is cut. Meanwhile its engine is held back, and a stream takes half a MiB of memory.");

    public static Section<BodyLimits> Table { get; } = new(
        "limits",
        "What requests and answers may take of the gateway's memory.",
        [Body, Buffered, Connections, Answer, BufferedAnswers, Event, SlowReader],
        values => new BodyLimits
        {
            MaxBodyBytes = values.Get(Body),
            MaxBufferedBodyBytes = values.Get(Buffered),
            MaxConnections = values.Get(Connections),
            MaxAnswerBytes = values.Get(Answer),
            MaxBufferedAnswerBytes = values.Get(BufferedAnswers),
            MaxEventBytes = (int)values.Get(Event),
            SlowReader = values.Get(SlowReader),
        })
    {
        Check = values =>
        {
            if (values.Get(Buffered) < values.Get(Body))
            {
                values.Wrong(Buffered, "is less than max_body, so that no body of that size could ever come in");
            }
        },
    };
}
