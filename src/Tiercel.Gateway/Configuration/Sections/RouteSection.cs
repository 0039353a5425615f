using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class RouteSection
{
    private static readonly Key<string> Pool = Keys.Required("pool", Texts.NameOf("pool"), "Where requests for the model go.");

    private static readonly Key<string?> Class = Keys.Optional(
        "class", Texts.NameOf("class"), "Class of service of requests whose tenant has none; without it, no objective.");

    public static Section<RouteSettings> Table { get; } = new(
        "route",
        "What is behind a model's name, as clients say it.",
        [Pool, Class],
        values => new RouteSettings(values.Get(Pool), values.Get(Class)));
}
