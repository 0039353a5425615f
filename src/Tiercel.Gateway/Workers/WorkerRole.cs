using System.Security.Cryptography;
using System.Text;
using Tiercel.Engine;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;
using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Routing;

namespace Tiercel.Gateway.Workers;

/// <summary>This server as a worker of a fleet: who it is, how fast, and what its cache holds. Does nothing where nobody is trusted.</summary>
internal sealed class WorkerRole : IAsyncDisposable
{
    /// <summary>How often a change of the status is looked for.</summary>
    private static readonly TimeSpan StatusStep = TimeSpan.FromMilliseconds(100);

    /// <summary>A status is sent so often, changed or not.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MeasuringTime = TimeSpan.FromMilliseconds(400);

    private readonly GatewayOptions _options;
    private readonly IInferenceEngine _engine;
    private readonly AdmissionGate _gate;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task<SpeedProfile?>? _speed;
    private readonly BlockHasher? _hashes;
    private readonly Task _following = Task.CompletedTask;
    private readonly Task _beating = Task.CompletedTask;

    public WorkerRole(GatewayOptions options, IInferenceEngine engine, AdmissionGate gate, TimeProvider time)
    {
        (_options, _engine, _gate, _time) = (options, engine, gate, time);
        Trust = new PeerTrust(options);

        // Never from the seed: a worker that starts again with the same seed is another one.
        Generation = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        Events = new WorkerEventHub(Generation);
        if (Trust.IsConfigured)
        {
            _hashes = new BlockHasher(HashKey(options));
            _following = FollowAsync(_engine.ObserveCache(_hashes));
            _beating = BeatAsync();
        }
    }

    public PeerTrust Trust { get; }

    /// <summary>Changes with each start.</summary>
    public string Generation { get; }

    public WorkerEventHub Events { get; }

    /// <summary>Who this worker is. The first call measures how fast it is, if it is idle.</summary>
    public async Task<WorkerInfo> DescribeAsync(CancellationToken cancellationToken)
    {
        ModelDescription model = _engine.Model;
        EngineStatus status = _engine.GetStatus();
        SpeedProfile? speed = await MeasureAsync().WaitAsync(cancellationToken);
        return new WorkerInfo
        {
            Name = _options.WorkerName ?? model.Name,
            Model = model.Name,
            NumericsId = model.NumericsId,
            Generation = Generation,
            BlockTokens = status.BlockSize,
            KvTokens = (long)status.TotalBlocks * status.BlockSize,
            MaxSequences = status.MaxRunningSequences,
            ContextLength = model.ContextLength,
            Profile = speed is null ? null : new ReplicaProfile(
                speed.PrefillSecondsPerToken, speed.PrefillSecondsPerPair, speed.DecodeBaseSeconds, speed.DecodeSecondsPerSequence),
        };
    }

    /// <summary>Tells gateways which blocks a request's prompt consists of.</summary>
    public void NotePrompt(long request, string salt, IReadOnlyList<int> tokens)
    {
        if (_hashes is not null && _engine.GetStatus().BlockSize is > 0 and int blockSize)
        {
            Events.NotePrompt(request, tokens.Count, _hashes.Chain(salt, tokens, blockSize));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_following, _beating).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>
    /// The same for all workers of a fleet, so that a prompt has the same names on each; secret, so that nobody else can tell a prompt by its names.
    /// </summary>
    private static byte[] HashKey(GatewayOptions options)
    {
        byte[] material = options.ClusterSecret is { } secret
            ? Encoding.UTF8.GetBytes(secret.Reveal().Trim())
            : File.ReadAllBytes(options.Tls!.ClientAuthorityFile!);
        return HMACSHA256.HashData(material, "names of token blocks"u8);
    }

    /// <summary>Measures once; an engine that was busy is asked again the next time.</summary>
    private Task<SpeedProfile?> MeasureAsync()
    {
        lock (_lock)
        {
            if (_speed is null or { IsFaulted: true } or { IsCanceled: true } or { IsCompletedSuccessfully: true, Result: null })
            {
                _speed = _engine.MeasureSpeedAsync(MeasuringTime, _stop.Token);
            }

            return _speed;
        }
    }

    private async Task FollowAsync(CacheFeed? feed)
    {
        while (feed is not null && await feed.ReadAsync(_stop.Token) is CacheChange change)
        {
            Events.Apply(change);
        }
    }

    private async Task BeatAsync()
    {
        using PeriodicTimer timer = new(StatusStep, _time);
        WorkerStatus? told = null;
        long toldAt = 0;
        do
        {
            WorkerStatus now = Status();
            bool changed = told is null
                || (told.Running, told.Waiting, told.IsAlive, told.IsDraining) != (now.Running, now.Waiting, now.IsAlive, now.IsDraining);
            if (changed || _time.GetElapsedTime(toldAt) >= Heartbeat)
            {
                Events.NoteStatus(now);
                (told, toldAt) = (now, _time.GetTimestamp());
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }

    private WorkerStatus Status()
    {
        EngineStatus status = _engine.GetStatus();
        return new WorkerStatus
        {
            Running = status.RunningSequences,
            Waiting = status.WaitingSequences,
            FreeBlocks = status.FreeBlocks,
            CachedBlocks = status.CachedBlocks,
            TotalBlocks = status.TotalBlocks,
            Steps = status.Steps,
            PromptTokens = status.PromptTokens,
            GeneratedTokens = status.GeneratedTokens,
            IsAlive = status.Alive,
            IsDraining = status.Draining || _gate.Closed,
        };
    }
}
