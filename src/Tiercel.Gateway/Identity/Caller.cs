using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Identity;

/// <summary>Who asks. A running request keeps its caller, whatever becomes of the key in the meantime.</summary>
/// <param name="Tenant">Settings of the tenant when the request was identified.</param>
/// <param name="Key">Name of the key, as the ledger calls it; never the key itself.</param>
internal readonly record struct Caller(TenantSettings Tenant, string Key);
