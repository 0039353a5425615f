namespace Tiercel.Gateway.Routing;

/// <summary>How far the request is that put a prompt into a replica's cache: the state of a speculative entry.</summary>
internal sealed class PrefillMark
{
    public static PrefillMark Known { get; } = new() { State = PrefillState.Computed };

    public PrefillState State { get; set; }
}
