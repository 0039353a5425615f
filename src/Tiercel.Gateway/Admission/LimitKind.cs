namespace Tiercel.Gateway.Admission;

/// <summary>Which limit a request ran into.</summary>
internal enum LimitKind
{
    None,
    RequestsPerMinute,
    TokensPerMinute,
    ConcurrentRequests,
    ConcurrentTokens,
    BudgetPerDay,
    BudgetPerMonth,
}
