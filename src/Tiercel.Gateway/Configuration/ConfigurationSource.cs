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
    private readonly bool _hasEngine;
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

    private ConfigurationSource(string path, ReferenceResolver references, FleetConfiguration current, string seen, TimeProvider time, TimeSpan interval, bool hasEngine)
        : this(path, references, current, seen)
    {
        _interval = interval;
        _hasEngine = hasEngine;
        _timer = time.CreateTimer(_ => LookFromTimer(), null, interval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>After <see cref="Current"/> was replaced: the old one and the new one. Calls never overlap. One that throws puts the old one back.</summary>
    public event Action<FleetConfiguration, FleetConfiguration>? Changed;

    /// <summary>A file was refused, or could not be read; the old configuration stays.</summary>
    public event Action<ConfigurationInvalidException>? Rejected;

    /// <summary>Whether there is a file that it follows.</summary>
    public bool FollowsFile => _path is not null;

    /// <summary>The last good configuration.</summary>
    public FleetConfiguration Current => Volatile.Read(ref _current);

    /// <summary>What the file in force says that only the next start takes up.</summary>
    public IReadOnlyList<ConfigurationChange> WaitForRestart { get; private set; } = [];

    /// <summary>Why the file as it is now is not in force; null when it is.</summary>
    public ConfigurationInvalidException? LastError => Volatile.Read(ref _lastError);

    /// <summary>Loads a file and follows it.</summary>
    /// <param name="interval">Time between two looks; null for two seconds.</param>
    /// <param name="hasEngine">Whether the process has an engine, so that an upstream may be of the kind <c>embedded</c>.</param>
    /// <exception cref="ConfigurationInvalidException">It is not valid.</exception>
    public static ConfigurationSource Open(string path, TimeProvider time, TimeSpan? interval = null, ReferenceResolver? references = null, bool hasEngine = true)
    {
        references ??= ReferenceResolver.OfProcess(Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".");
        ConfigurationReading reading = Read(path, references, hasEngine, out string fingerprint);
        return new ConfigurationSource(path, references, reading.Require(), fingerprint, time, interval ?? TimeSpan.FromSeconds(2), hasEngine) { _reading = reading };
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
            try
            {
                Changed?.Invoke(old, configuration);
            }
            catch
            {
                Volatile.Write(ref _current, old);
                throw;
            }
        }
    }

    public void Dispose() => _timer?.Dispose();

    private static ConfigurationReading Read(string path, ReferenceResolver references, bool hasEngine, out string fingerprint)
    {
        ConfigurationReading reading = ConfigurationFile.Read(path, references, out fingerprint);
        return reading.WantsEngine is ConfigurationError error && !hasEngine ? reading with { Configuration = null, Errors = [error] } : reading;
    }

    private bool Look(bool evenIfSeen)
    {
        if (_path is null)
        {
            return true;
        }

        lock (_gate)
        {
            ConfigurationReading reading = Read(_path, _references, _hasEngine, out string fingerprint);
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
            IReadOnlyList<ConfigurationChange> waited = WaitForRestart;
            WaitForRestart = _reading is null ? [] : [.. ConfigurationDiff.Between(_reading, reading).Where(change => change.NeedsRestart)];
            try
            {
                Replace(configuration);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // What reads well can still not be run, a certificate that went since, say. On a timer's thread this would end the process, which still serves.
                WaitForRestart = waited;
                string reason = error is GatewayConfigurationException ? error.Message : error.GetType().Name;
                Reject(new ConfigurationInvalidException([new ConfigurationError(_path, 0, 0, "", $"could not be taken up: {reason}")]));
                return false;
            }

            _inForce = fingerprint;
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
            // One who was told failed; the look itself does not.
        }
        finally
        {
            // Set anew each time, so that looks never overlap however slow the disk is.
            _timer?.Change(_interval, Timeout.InfiniteTimeSpan);
        }
    }
}
