namespace Tiercel.Gateway.Recovery;

/// <summary>
/// Finds requests that kill workers, without blaming those that were there by chance: after two deaths a request is tried alone on a worker, and only if that
/// dies too it is refused. One suspect is tried at a time in a pool.
/// </summary>
internal sealed class PoisonBook
{
    /// <summary>Nothing is known of any request, so that fingerprints need not be made.</summary>
    public bool IsEmpty => throw new NotSupportedException();

    /// <summary>A worker died (its process ended or hung; no drain, no single broken connection) while these requests were there. Each death is told once.</summary>
    public void Died(int replica, string generation, ReadOnlySpan<UInt128> present, TimeSpan now) => throw new NotSupportedException();

    public PoisonVerdict Judge(UInt128 request, TimeSpan now) => throw new NotSupportedException();

    /// <summary>
    /// Reserves a worker for a suspect: from now on nobody else may be sent there (<see cref="IsReserved"/>), and the suspect is sent when the worker has no
    /// other request. Null while another suspect of the pool is tried.
    /// </summary>
    /// <param name="workers">Usable workers of the pool with what runs on them.</param>
    public int? TryReserve(string pool, UInt128 request, ReadOnlySpan<(int Replica, int InFlight)> workers, TimeSpan now) => throw new NotSupportedException();

    public bool IsReserved(int replica) => throw new NotSupportedException();

    /// <summary>The suspect has been sent to its worker, which was idle: a death from now on is its doing.</summary>
    public void Started(UInt128 request, int replica, string generation, TimeSpan now) => throw new NotSupportedException();

    /// <summary>The suspect got past the place where the workers died, or ended: it is cleared, and the worker is free again. Also when the client left.</summary>
    /// <param name="passed">Whether it proved itself; false when it merely stopped.</param>
    public void Released(UInt128 request, bool passed, TimeSpan now) => throw new NotSupportedException();
}
