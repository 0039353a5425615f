using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class ClassSection
{
    private static readonly Shape<TimeSpan> Objective = Numbers.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1));

    private static readonly Key<int> Priority = Keys.Default("priority", Numbers.Integer(-100, 100), 0, "Lower is more urgent.");

    private static readonly Key<TimeSpan?> FirstToken = Keys.OptionalValue(
        "ttft", Objective, "Objective for the time to the first token. A request that would miss it on every replica is refused at once; without it only a full queue refuses.");

    private static readonly Key<TimeSpan> PerThousand = Keys.Default(
        "ttft_per_1k_uncached",
        Numbers.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)),
        TimeSpan.Zero,
        "What the objective grows by for each thousand prompt tokens that no cache holds.");

    private static readonly Key<TimeSpan?> PerToken = Keys.OptionalValue("tpot", Objective, "Objective for the mean time of an output token.");

    public static Section<ServiceClass> Table { get; } = new(
        "class",
        "A class of service: what its requests are promised, and how urgent they are. A client may ask for a class that is less than its own, never for more.",
        [Priority, FirstToken, PerThousand, PerToken],
        values => new ServiceClass
        {
            Name = "",
            Priority = values.Get(Priority),
            TimeToFirstToken = values.Get(FirstToken),
            PerThousandUncached = values.Get(PerThousand),
            TimePerOutputToken = values.Get(PerToken),
        })
    {
        Check = values =>
        {
            if (values.IsGiven(PerThousand) && !values.IsGiven(FirstToken))
            {
                values.Wrong(PerThousand, "grows an objective that is not given: ttft");
            }
        },
    };
}
