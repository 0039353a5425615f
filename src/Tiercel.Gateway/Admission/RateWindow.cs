namespace Tiercel.Gateway.Admission;

/// <summary>What the headers <c>x-ratelimit-limit-*</c>, <c>-remaining-*</c> and <c>-reset-*</c> say of one rate.</summary>
/// <param name="Limit">Per minute.</param>
/// <param name="Remaining">Usable at once.</param>
/// <param name="Reset">Until all of it is usable again.</param>
internal readonly record struct RateWindow(long Limit, long Remaining, TimeSpan Reset);
