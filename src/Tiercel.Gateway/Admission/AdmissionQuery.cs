using Tiercel.Gateway.Metering;

namespace Tiercel.Gateway.Admission;

/// <summary>What a request asks its tenant's limits for.</summary>
/// <param name="Tokens">Estimated prompt and largest output, over all choices.</param>
/// <param name="WorstCost">The same at the dearest prices of the pool; see <see cref="CostEstimate"/>.</param>
internal readonly record struct AdmissionQuery(long Tokens, Money WorstCost);
