using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>A request that its tenant's limits let in, until it has ended. Ending it again changes nothing, so that every way out may do it.</summary>
internal sealed class AdmittedRequest
{
    private readonly TenantAccount _account;

    internal AdmittedRequest(TenantAccount account, long tokens, Reservation reservation, DateTimeOffset utc)
    {
        Admitted = utc > reservation.Period.DayStart ? utc : reservation.Period.DayStart;
        _account = account;
        Tokens = tokens;
        Reservation = reservation;
    }

    /// <summary>When it was admitted, as the ledger has to say it: on the day whose budget it is paid from, also where the clock stepped back.</summary>
    public DateTimeOffset Admitted { get; }

    /// <summary>Tokens that were taken from the limits.</summary>
    public long Tokens { get; }

    internal Reservation Reservation { get; }

    /// <summary>The request has ended, well or not.</summary>
    /// <param name="usedTokens">Prompt and output tokens as billed; 0 when nothing was done.</param>
    /// <param name="cost">As billed.</param>
    /// <returns>Whether this call ended it, so that the caller writes it into the ledger.</returns>
    public bool End(long usedTokens, Money cost, TimeSpan now) => _account.End(this, usedTokens, cost, now);
}
