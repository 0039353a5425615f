namespace Tiercel.Gateway.Routing;

/// <summary>The last decisions, by request: what <see cref="PoolRouter.Sent"/> counts with, and what "why routed here" shows.</summary>
internal sealed class DecisionLog(int capacity)
{
    private readonly Dictionary<long, RequestState> _byRequest = [];
    private readonly Queue<RequestState> _inOrder = new();

    public RequestState? Find(long requestId) => _byRequest.GetValueOrDefault(requestId);

    public void Add(RequestState request)
    {
        _byRequest[request.Id] = request;
        _inOrder.Enqueue(request);
        if (_inOrder.Count > capacity)
        {
            RequestState oldest = _inOrder.Dequeue();
            if (_byRequest.GetValueOrDefault(oldest.Id) == oldest)
            {
                _byRequest.Remove(oldest.Id);
            }
        }
    }
}
