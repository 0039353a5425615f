namespace Tiercel.Gateway.Identity;

/// <summary>
/// What was made of files that are renewed in place, as certificates are. They are looked at again when it is asked for, at most every two seconds. What
/// cannot be read never replaces what could: of two files that belong together one may be new and the other not yet.
/// </summary>
/// <typeparam name="T">What is made of them. Who has got one keeps it.</typeparam>
internal sealed class FollowedFiles<T>
    where T : class
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly string[] _paths;
    private readonly Func<T> _load;
    private readonly TimeProvider _time;
    private readonly Action<Exception>? _failed;
    private (DateTime Written, long Length)[] _seen;
    private (DateTime Written, long Length)[]? _wrong;
    private bool _isTold;
    private long _looked;
    private T _current;

    /// <param name="paths">The files; none where nothing can change.</param>
    /// <param name="load">Reads them. What it throws the first time is the caller's.</param>
    /// <param name="failed">Told why what was renewed cannot be used, once for each time that the files change.</param>
    public FollowedFiles(IEnumerable<string> paths, Func<T> load, TimeProvider time, Action<Exception>? failed = null)
    {
        _failed = failed;
        _paths = [.. paths];
        _load = load;
        _time = time;
        _seen = Stamps();
        _looked = time.GetTimestamp();
        _current = load();
    }

    /// <summary>As the files are now, or were a moment ago.</summary>
    public T Current
    {
        get
        {
            lock (_lock)
            {
                if (_paths.Length > 0 && _time.GetElapsedTime(_looked) >= Interval)
                {
                    _looked = _time.GetTimestamp();
                    Look();
                }

                return _current;
            }
        }
    }

    private void Look()
    {
        (DateTime, long)[] stamps = Stamps();
        if (stamps.AsSpan().SequenceEqual(_seen))
        {
            return;
        }

        try
        {
            _current = _load();
            _seen = stamps;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException or GatewayConfigurationException or ArgumentException)
        {
            // It is tried again at the next look, and what was read before stays meanwhile. Told at the second look, since half of it may be on its way.
            bool again = _wrong is { } wrong && stamps.AsSpan().SequenceEqual(wrong);
            if (again && !_isTold)
            {
                _failed?.Invoke(error);
            }

            _isTold = again;
            _wrong = stamps;
        }
    }

    private (DateTime Written, long Length)[] Stamps() => [.. _paths.Select(path => new FileInfo(path)).Select(file => file.Exists ? (file.LastWriteTimeUtc, file.Length) : default)];
}
