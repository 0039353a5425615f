namespace Tiercel.Gateway.Fleet;

/// <summary>What is remembered of recent requests: where each went and why. A ring of fixed size; no prompt text, no keys.</summary>
internal sealed class RequestArchive(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ArchivedRequest> _byId = new(capacity, StringComparer.Ordinal);
    private readonly Queue<string> _order = new(capacity);

    public void Add(ArchivedRequest request)
    {
        lock (_lock)
        {
            if (!_byId.TryAdd(request.RequestId, request))
            {
                // A client may use one id again: the newest is the one that is asked for.
                _byId[request.RequestId] = request;
                return;
            }

            _order.Enqueue(request.RequestId);
            if (_order.Count > capacity)
            {
                _byId.Remove(_order.Dequeue());
            }
        }
    }

    public ArchivedRequest? Find(string requestId)
    {
        lock (_lock)
        {
            return _byId.GetValueOrDefault(requestId);
        }
    }
}
