using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Admission;

/// <summary>
/// Which class of service a request gets: its tenant's, else its route's, else none. By the header <c>x-tiercel-class</c> a client may ask for one
/// that promises less: no more urgent, and no objective tighter.
/// </summary>
internal static class ServiceClassChoice
{
    public const string Header = "x-tiercel-class";

    /// <param name="asked">The header's value; null or empty where there is none.</param>
    /// <param name="chosen">Null for no class: no objective and priority 0.</param>
    public static ApiError? Choose(
        IReadOnlyDictionary<string, ServiceClass> classes, TenantSettings tenant, RouteSettings route, string? asked, out ServiceClass? chosen)
    {
        string? own = tenant.Class ?? route.Class;

        // The tenant may have been identified before a reload that took its class away: it has none then.
        chosen = own is null ? null : classes.GetValueOrDefault(own);
        if (string.IsNullOrEmpty(asked) || asked == own)
        {
            return null;
        }

        if (!classes.TryGetValue(asked, out ServiceClass? wanted))
        {
            return ApiErrors.InvalidHeader(Header, $"There is no class of service '{Shown(asked)}'.");
        }

        if (!PromisesNoMore(wanted, chosen))
        {
            return ApiErrors.ClassRefused(asked);
        }

        chosen = wanted;
        return null;
    }

    private static bool PromisesNoMore(ServiceClass wanted, ServiceClass? own) =>
        wanted.Priority >= (own?.Priority ?? 0)
        && IsLooser(wanted.TimeToFirstToken, own?.TimeToFirstToken)
        && (wanted.TimeToFirstToken is null || wanted.PerThousandUncached >= (own?.PerThousandUncached ?? TimeSpan.Zero))
        && IsLooser(wanted.TimePerOutputToken, own?.TimePerOutputToken);

    /// <summary>No objective at all is the loosest.</summary>
    private static bool IsLooser(TimeSpan? wanted, TimeSpan? own) => wanted is null || (own is not null && wanted >= own);

    /// <summary>What a client sent goes back into an error only as far as it can be read.</summary>
    private static string Shown(string asked) => new([.. asked.Take(64).Where(c => c is >= ' ' and <= '~')]);
}
