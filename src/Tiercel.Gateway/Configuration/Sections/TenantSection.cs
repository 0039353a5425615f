using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class TenantSection
{
    private static readonly Key<IReadOnlyList<KeySettings>> ApiKeys = Keys.Required<IReadOnlyList<KeySettings>>(
        "keys", new ListShape<KeySettings>(TenantKeySection.Table, 1024, key => key.Name), "The keys that this tenant's clients show.");

    private static readonly Key<string?> Class = Keys.Optional("class", Texts.NameOf("class"), "Class of service; without it, the route's.");

    private static readonly Key<double> Weight = Keys.Default("weight", Numbers.Number(0.001, 1000), 1d, "Share among tenants when there is not enough for all.");

    private static readonly Key<IReadOnlyList<string>?> Models = Keys.Optional<IReadOnlyList<string>>(
        "models", new ListShape<string>(Texts.NameOf("route"), 4096), "Routes that the tenant may use; without it, all. `\"*\"` stands for the route of that name, not for all routes.");

    private static readonly Key<TenantLimitSettings> Limits = Keys.Default("limits", TenantLimitSection.Table, new TenantLimitSettings(), "How fast the tenant may go.");

    private static readonly Key<BudgetSettings> Budget = Keys.Default("budget", BudgetSection.Table, new BudgetSettings(), "What the tenant may spend.");

    public static Section<TenantSettings> Table { get; } = new(
        "tenant",
        "Who may use the fleet, how much, and how urgently.",
        [ApiKeys, Class, Weight, Models, Limits, Budget],
        values => new TenantSettings
        {
            Name = "",
            Keys = values.Get(ApiKeys),
            Class = values.Get(Class),
            Weight = values.Get(Weight),
            Models = values.Get(Models),
            Limits = values.Get(Limits),
            Budget = values.Get(Budget),
        });
}
