namespace Tiercel.Gateway.Admission;

/// <summary>Bounds the bytes of request bodies in memory over all requests: many bodies, each within its limit, must not fill the machine.</summary>
internal sealed class BodyBudget(long capacityBytes)
{
    private long _used;

    public long Used => Interlocked.Read(ref _used);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= capacityBytes)
        {
            return true;
        }

        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
