using System.Diagnostics;

namespace Tiercel.Gateway.Telemetry;

/// <summary>A client's W3C trace context. One that is not well formed is as good as none, and is not passed on.</summary>
/// <param name="Parent">The header, as it came.</param>
internal readonly record struct TraceContext(string? Parent, string? State, ActivityContext Context)
{
    private const int MaxStateCharacters = 512;

    public static TraceContext Read(string? parent, string? state)
    {
        if (parent is null)
        {
            return default;
        }

        string? goodState = state is { Length: > 0 and <= MaxStateCharacters } && state.All(c => c is >= ' ' and <= '~') ? state : null;
        return ActivityContext.TryParse(parent, goodState, isRemote: true, out ActivityContext context) ? new TraceContext(parent, goodState, context) : default;
    }
}
