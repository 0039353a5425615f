using System.Collections.Concurrent;

namespace Tiercel.Gateway.Fleet;

/// <summary>All streams that run, for the pulse.</summary>
internal sealed class ClientStreams
{
    private readonly ConcurrentDictionary<ClientStream, byte> _all = [];

    public int Count => _all.Count;

    public IDisposable Add(ClientStream stream)
    {
        _all[stream] = 0;
        return new Entry(this, stream);
    }

    /// <inheritdoc cref="ClientStream.Pulse" />
    public void Pulse(TimeSpan now, TimeSpan silence, TimeSpan slowReader)
    {
        foreach (ClientStream stream in _all.Keys)
        {
            stream.Pulse(now, silence, slowReader);
        }
    }

    private sealed class Entry(ClientStreams owner, ClientStream stream) : IDisposable
    {
        public void Dispose()
        {
            owner._all.TryRemove(stream, out _);
            stream.Close();
        }
    }
}
