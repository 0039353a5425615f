namespace Tiercel.Gateway.Configuration;

/// <summary>
/// The configuration of a running gateway. Follows its file: a valid one replaces <see cref="Current"/> in one step, an invalid one never does and is told
/// of once. Ask for a look at once with <see cref="Reload"/> (SIGHUP).
/// </summary>
public sealed class ConfigurationSource : IDisposable
{
    private readonly Lock _gate = new();
    private readonly string? _path;
    private readonly ReferenceResolver _references;
    private readonly ITimer? _timer;
    private readonly TimeSpan _interval;
    private FleetConfiguration _current;
    private ConfigurationInvalidException? _lastError;
    private string _seen;
    private string _inForce;
    private ConfigurationReading? _reading;

    private ConfigurationSource(string? path, ReferenceResolver references, FleetConfiguration current, string seen)
    {
        _path = path;
        _references = references;
        _current = current;
        _seen = _inForce = seen;
    }

    private ConfigurationSource(string path, ReferenceResolver references, FleetConfiguration current, string seen, TimeProvider time, TimeSpan interval)
        : this(path, references, current, seen)
    {
        _interval = interval;
        _timer = time.CreateTimer(_ => LookFromTimer(), null, interval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>After <see cref="Current"/> was replaced: the old one and the new one. Calls never overlap.</summary>
    public event Action<FleetConfiguration, FleetConfiguration>? Changed;

    /// <summary>A file was refused, or could not be read; the old configuration stays.</summary>
    public event Action<ConfigurationInvalidException>? Rejected;

    /// <summary>The last good configuration.</summary>
    public FleetConfiguration Current => Volatile.Read(ref _current);

    /// <summary>What the file in force says that only the next start takes up.</summary>
    public IReadOnlyList<ConfigurationChange> WaitForRestart { get; private set; } = [];

    /// <summary>Why the file as it is now is not in force; null when it is.</summary>
    public ConfigurationInvalidException? LastError => Volatile.Read(ref _lastError);

    /// <summary>Loads a file and follows it.</summary>
    /// <param name="interval">Time between two looks; null for two seconds.</param>
    /// <exception cref="ConfigurationInvalidException">It is not valid.</exception>
    public static ConfigurationSource Open(string path, TimeProvider time, TimeSpan? interval = null, ReferenceResolver? references = null)
    {
        references ??= ReferenceResolver.OfProcess(Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".");
        ConfigurationReading reading = ConfigurationFile.Read(path, references, out string fingerprint);
        return new ConfigurationSource(path, references, reading.Require(), fingerprint, time, interval ?? TimeSpan.FromSeconds(2)) { _reading = reading };
    }

    /// <summary>A configuration that comes from no file and changes only by <see cref="Replace"/>.</summary>
    public static ConfigurationSource Of(FleetConfiguration configuration) => new(null, ReferenceResolver.None, configuration, "");

    /// <summary>Looks at the file now.</summary>
    /// <returns>Whether what it says is in force.</returns>
    public bool Reload() => Look(evenIfSeen: true);

    /// <summary>Puts a configuration in force.</summary>
    public void Replace(FleetConfiguration configuration)
    {
        lock (_gate)
        {
            FleetConfiguration old = _current;
            Volatile.Write(ref _lastError, null);
            Volatile.Write(ref _current, configuration);
            Changed?.Invoke(old, configuration);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private bool Look(bool evenIfSeen)
    {
        if (_path is null)
        {
            return true;
        }

        lock (_gate)
        {
            ConfigurationReading reading = ConfigurationFile.Read(_path, _references, out string fingerprint);
            if (fingerprint == _seen && !evenIfSeen)
            {
                return _lastError is null;
            }

            _seen = fingerprint;
            if (reading.Configuration is not FleetConfiguration configuration)
            {
                Reject(new ConfigurationInvalidException(reading.Errors));
                return false;
            }

            if (fingerprint == _inForce)
            {
                // A wrong change was taken back.
                Volatile.Write(ref _lastError, null);
                return true;
            }

            // Compared with what the process started with: a change that was taken back needs no restart.
            WaitForRestart = _reading is null ? [] : [.. ConfigurationDiff.Between(_reading, reading).Where(change => change.NeedsRestart)];
            _inForce = fingerprint;
            Replace(configuration);
            return true;
        }
    }

    private void Reject(ConfigurationInvalidException error)
    {
        Volatile.Write(ref _lastError, error);
        Rejected?.Invoke(error);
    }

    private void LookFromTimer()
    {
        try
        {
            Look(evenIfSeen: false);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // One who is told of a change failed. On a timer's thread that would end the process, which still serves.
            Volatile.Write(ref _lastError, new ConfigurationInvalidException([new ConfigurationError(_path!, 0, 0, "", $"could not be taken up: {error.GetType().Name}")]));
        }
        finally
        {
            // Set anew each time, so that looks never overlap however slow the disk is.
            _timer?.Change(_interval, Timeout.InfiniteTimeSpan);
        }
    }
}
