namespace Tiercel.Protocols.Errors;

/// <summary>Whether sending the same request again can help. Official clients obey it as <c>x-should-retry</c>.</summary>
public enum RetryClass
{
    /// <summary>The same request will fail again, here and elsewhere.</summary>
    Never,

    /// <summary>The same request may succeed once <see cref="ApiError.RetryAfter"/> has passed.</summary>
    Later,
}
