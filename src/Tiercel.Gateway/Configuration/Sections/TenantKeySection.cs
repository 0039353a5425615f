using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class TenantKeySection
{
    private static readonly Key<string> Name = Keys.Required("name", Texts.Name, "What the ledger calls it; unique within the tenant.");

    private static readonly Key<(ReadOnlyMemory<byte> Sha256, string Reference)> Value = Keys.Required(
        "key", Secrets.KeyHash, "Where the key is: `env:NAME`, `file:PATH`, or its hash: `sha256:` and 64 hexadecimal digits.");

    public static Section<KeySettings> Table { get; } = new(
        "key",
        "A key of a tenant. The key itself does not belong in the file, and only its SHA-256 is kept in memory.",
        [Name, Value],
        values => new KeySettings(values.Get(Name), values.Get(Value).Sha256, values.Get(Value).Reference))
    {
        HoldsSecrets = true,
        Check = values =>
        {
            if (values.Context.Claim("key", Convert.ToHexStringLower(values.Get(Value).Sha256.Span), values.Path) is string holder)
            {
                values.Wrong(Value, $"is the same key as {holder}");
            }
        },
    };
}
