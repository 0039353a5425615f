using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>Spent and reserved money of one period.</summary>
internal struct BudgetAccount
{
    public Money Spent;

    /// <summary>Held by requests that run.</summary>
    public Money Reserved;

    public readonly Money Held => Spent + Reserved;
}
