using System.Diagnostics;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Health;
using Tiercel.Gateway.Recovery;
using Tiercel.Gateway.Telemetry.Content;
using Tiercel.Gateway.Upstreams;

namespace Tiercel.Gateway.Telemetry;

/// <summary>
/// Follows one request through the steps of the request path. Each step is told once, in order; steps that do not happen are left out. Times are the
/// process's own. Used by one thread at a time.
/// </summary>
internal sealed class RequestTelemetry
{
    private readonly FleetTelemetry _fleet;
    private readonly ActivitySource _source;
    private readonly string _operation;
    private readonly TraceContext _trace;
    private readonly TimeSpan _began;
    private readonly Activity? _activity;
    private TenantFlow? _tenant;
    private RouteTags? _tags;
    private string _model = "";
    private string _pool = "";
    private Activity? _admit;
    private Attempt? _attempt;
    private Attempt? _beside;
    private string? _refusal;
    private (string Messages, long CutBytes) _prompt;
    private TimeSpan? _firstToken;
    private TimeSpan _lastToken;
    private long _tokens;
    private long _untold;
    private int _tries;
    private bool _ended;

    internal RequestTelemetry(FleetTelemetry fleet, ActivitySource source, string operation, TraceContext trace, TimeSpan now)
    {
        (_fleet, _source, _operation, _trace, _began) = (fleet, source, operation, trace, now);
        _activity = Start(operation, ActivityKind.Server, trace.Context);
        _activity?.SetTag(TelemetryNames.OperationName, operation).SetTag(TelemetryNames.ProviderName, FleetTelemetry.Provider);
    }

    /// <summary>Gathers the answer for the trace; null unless content is switched on and this request is traced.</summary>
    public AnswerContent? Answer { get; private set; }

    /// <summary><c>traceparent</c> for the upstream: the attempt's span, or the client's own header where nothing is traced here.</summary>
    public string? TraceParent => (_attempt?.Activity ?? _activity)?.Id ?? _trace.Parent;

    public string? TraceState => _activity is null ? _trace.State : _activity.TraceStateString;

    /// <summary>Step 2: who asks.</summary>
    public void Identified(string tenant, TimeSpan now)
    {
        _tenant = _fleet.Tenant(tenant);
        _tenant.Rates.Request(now);
        _activity?.SetTag(TelemetryNames.Tenant, tenant);
    }

    /// <summary>Step 3: what is asked for. Call it with names of the configuration, never with a client's own words.</summary>
    public void Resolved(string model, string pool, string? serviceClass, bool streams = false)
    {
        (_model, _pool) = (model, pool);
        _tags = _fleet.Route(_operation, model, pool, serviceClass ?? "");
        if (_activity is { IsAllDataRequested: true } activity)
        {
            activity.DisplayName = _tags.SpanName;
            activity.SetTag(TelemetryNames.RequestModel, model).SetTag(TelemetryNames.Pool, pool).SetTag(TelemetryNames.ServiceClass, serviceClass ?? "");
            if (streams)
            {
                activity.SetTag(TelemetryNames.RequestStream, true);
            }
        }
    }

    /// <summary>Step 4 begins: limits, budget, and the queue if it must wait.</summary>
    public void AdmitBegan() => _admit ??= Start(TelemetryNames.AdmitSpan, ActivityKind.Internal, Parent());

    /// <summary>Step 4 went well.</summary>
    /// <param name="queued">How long it waited.</param>
    public void Admitted(TimeSpan queued)
    {
        if (_tags is not null)
        {
            _fleet.Instruments.QueueTime.Record(queued.TotalSeconds, _tags.Class.Tags);
        }

        _admit?.SetTag(TelemetryNames.QueuedSeconds, queued.TotalSeconds);
        Stop(ref _admit, null);
    }

    /// <summary>Step 2, 3 or 4 said no. The end is told as well.</summary>
    /// <param name="reason">One of few words, such as <c>queue_full</c>; it becomes a label.</param>
    public void Refused(string reason)
    {
        _refusal = reason = _fleet.ErrorWord(reason);
        _fleet.Refused(_tags, reason);
        Stop(ref _admit, reason);
    }

    /// <summary>Step 5: a replica was chosen.</summary>
    /// <param name="reason">What decided, in one of few words; it becomes a label.</param>
    public void Routed(RoutingPolicyKind policy, string reason, UpstreamSettings upstream, TimeSpan predictedTtft)
    {
        if (_tags is not null)
        {
            _fleet.Instruments.RoutingDecisions.Add(1, PolicyTags.Of(_tags.Pool, policy).With(TelemetryNames.Reason, reason));
        }

        Activity? route = Start(TelemetryNames.RouteSpan, ActivityKind.Internal, Parent());
        route?.SetTag(TelemetryNames.Upstream, upstream.Name).SetTag(TelemetryNames.Reason, reason).SetTag("tiercel.predicted_ttft_seconds", predictedTtft.TotalSeconds);
        Stop(ref route, null);
    }

    /// <summary>Step 6: an attempt on a replica begins. Ask for <see cref="TraceParent"/> after it.</summary>
    /// <param name="number">Tells it from one that runs beside it.</param>
    public void AttemptBegan(UpstreamSettings upstream, TimeSpan now, long number = 0)
    {
        _tries++;
        UpstreamTags tags = _fleet.UpstreamOf(_operation, _model, _pool, upstream);
        Activity? activity = Start(tags.SpanName, ActivityKind.Client, Parent());
        if (activity is { IsAllDataRequested: true })
        {
            foreach ((string name, object? value) in tags.Client.Tags)
            {
                activity.SetTag(name, value);
            }

            activity.SetTag(TelemetryNames.ServerAddress, upstream.Url?.Host);
        }

        (_beside, _attempt) = (_attempt, new Attempt(tags, activity, _fleet.ReplicaRates(upstream.Name), now) { Number = number });
    }

    /// <summary>Of two attempts this one brings the answer.</summary>
    public void AttemptLeads(long number)
    {
        if (_beside?.Number == number && _attempt?.Number != number)
        {
            (_beside, _attempt) = (_attempt, _beside);
        }
    }

    /// <summary>Step 7: tokens passed through. The first call is the time to the first token.</summary>
    /// <param name="tokens">How many; an event that is not counted is 1.</param>
    public void Tokens(int tokens, TimeSpan now)
    {
        if (_attempt is { HasToken: false } attempt)
        {
            attempt.HasToken = true;
            _fleet.Instruments.AttemptFirstChunk.Record((now - attempt.Began).TotalSeconds, attempt.Tags.Client.Tags);
            attempt.Rates.FirstToken(now - attempt.Began, now);
        }

        if (_firstToken is null)
        {
            _firstToken = now - _began;
            if (_tags is not null)
            {
                _fleet.Instruments.FirstToken.Record(_firstToken.Value.TotalSeconds, _tags.Server.Tags);
            }
        }

        // Rates are kept by the second: tokens of the same second are told together.
        if ((long)now.TotalSeconds != (long)_lastToken.TotalSeconds)
        {
            TellRates(_lastToken);
        }

        _tokens += tokens;
        _untold += tokens;
        _lastToken = now;
    }

    /// <summary>Step 7 for an answer that comes in one piece: its tokens count, but it has no first one.</summary>
    public void Whole(int tokens, TimeSpan now)
    {
        _untold += tokens;
        TellRates(now);
    }

    /// <summary>An attempt ended, well or not.</summary>
    /// <param name="usage">What the upstream counted, if it did.</param>
    public void AttemptEnded(AttemptOutcome outcome, TokenUsage? usage, TimeSpan now, long number = 0)
    {
        AttemptLeads(number);
        if (_attempt is not Attempt attempt)
        {
            return;
        }

        TellRates(_lastToken);
        string word = OutcomeWords.Of(outcome);
        bool failed = outcome is not (AttemptOutcome.Success or AttemptOutcome.Cancelled);
        double seconds = (now - attempt.Began).TotalSeconds;
        FleetInstruments instruments = _fleet.Instruments;
        instruments.AttemptDuration.Record(seconds, failed ? attempt.Tags.Client.With(TelemetryNames.ErrorType, word) : attempt.Tags.Client.Tags);
        instruments.Attempts.Add(1, attempt.Tags.Upstream.With(TelemetryNames.Outcome, word));
        if (usage is TokenUsage counted)
        {
            instruments.TokenUsage.Record(counted.Prompt, attempt.Tags.Client.With(TelemetryNames.TokenType, "input"));
            instruments.TokenUsage.Record(counted.Completion, attempt.Tags.Client.With(TelemetryNames.TokenType, "output"));
            attempt.Rates.Input(counted.Prompt, counted.Cached, now);
        }

        Activity? activity = attempt.Activity;
        Stop(ref activity, failed ? word : null);
        (_attempt, _beside) = (_beside, null);
    }

    /// <summary>The request is sent again, before its first byte.</summary>
    /// <param name="outcome">Why.</param>
    public void Retried(AttemptOutcome outcome) =>
        _fleet.Instruments.Retries.Add(1, PoolTags().With(TelemetryNames.Reason, OutcomeWords.Of(outcome)));

    /// <summary>Step 8: the running stream goes on elsewhere.</summary>
    public void Resumed(ResumeKind kind, StreamFailure failure) =>
        _fleet.Instruments.Resumes.Add(1, OutcomeWords.Of(PoolTags(), kind).With(TelemetryNames.Reason, OutcomeWords.Of(failure)));

    /// <summary>The prompt of an admitted request. It is looked at only where content is switched on and the request is traced.</summary>
    /// <param name="json">The value of the body's field.</param>
    public void Prompt(BodyKind kind, ReadOnlySpan<byte> json)
    {
        if (_fleet.Settings.CaptureContent && _activity is { IsAllDataRequested: true })
        {
            _prompt = PromptContent.Of(kind, json);
            Answer = new AnswerContent();
        }
    }

    /// <summary>Step 9: the request is over. Only the first call counts.</summary>
    /// <param name="status">HTTP status that the client saw; 0 where it saw none.</param>
    /// <param name="error">What went wrong, in one of few words; null where nothing did.</param>
    /// <param name="usage">What is billed.</param>
    public void Ended(RequestOutcome outcome, int status, string? error, TokenUsage usage, TimeSpan now)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        AttemptEnded(outcome == RequestOutcome.Ok ? AttemptOutcome.Success : AttemptOutcome.Cancelled, null, now);
        string? wrong = (error is null ? null : _fleet.ErrorWord(error)) ?? _refusal ?? (outcome == RequestOutcome.Cancelled ? "cancelled" : null);
        string word = OutcomeWords.Of(outcome);
        FleetInstruments instruments = _fleet.Instruments;
        if (_tags is not null)
        {
            instruments.RequestDuration.Record((now - _began).TotalSeconds, wrong is null ? _tags.Server.Tags : _tags.Server.With(TelemetryNames.ErrorType, wrong));
            instruments.Requests.Add(1, _tags.Requests.With(TelemetryNames.Outcome, word));
            if (_tokens > 1 && _firstToken is TimeSpan first && _lastToken > _began + first)
            {
                instruments.TimePerToken.Record((_lastToken - _began - first).TotalSeconds / (_tokens - 1), _tags.Server.Tags);
            }
        }

        if (_tenant is not null)
        {
            instruments.TenantRequests.Add(1, _tenant.Tags.With(TelemetryNames.Outcome, word));
            instruments.TenantTokens.Add(usage.Prompt, _tenant.Tags.With(TelemetryNames.TokenType, "input"));
            instruments.TenantTokens.Add(usage.Completion, _tenant.Tags.With(TelemetryNames.TokenType, "output"));
            _tenant.Rates.Input(usage.Prompt + usage.Completion, usage.Cached, now);
        }

        EndSpan(status, wrong, usage);
    }

    private void EndSpan(int status, string? wrong, TokenUsage usage)
    {
        Stop(ref _admit, wrong);
        if (_activity is not Activity activity)
        {
            return;
        }

        if (activity.IsAllDataRequested)
        {
            activity.SetTag(TelemetryNames.StatusCode, status).SetTag(TelemetryNames.Tries, _tries)
                .SetTag(TelemetryNames.InputTokens, usage.Prompt).SetTag(TelemetryNames.CachedTokens, usage.Cached).SetTag(TelemetryNames.OutputTokens, usage.Completion);
            if (_firstToken is TimeSpan first)
            {
                activity.SetTag(TelemetryNames.TimeToFirstChunk, first.TotalSeconds);
            }

            // A reload may have switched it off meanwhile.
            if (Answer is not null && _fleet.Settings.CaptureContent)
            {
                SetContent(activity, TelemetryNames.InputMessages, TelemetryNames.InputCutBytes, _prompt);
                SetContent(activity, TelemetryNames.OutputMessages, TelemetryNames.OutputCutBytes, Answer.Finish());
            }
        }

        Activity? root = activity;
        Stop(ref root, wrong);
    }

    private TagSet PoolTags() => _tags?.Pool ?? PolicyTags.NoPool;

    private void TellRates(TimeSpan at)
    {
        if (_untold > 0)
        {
            _attempt?.Rates.Output(_untold, at);
            _untold = 0;
        }
    }

    private static void SetContent(Activity activity, string name, string cutName, (string Messages, long CutBytes) content)
    {
        activity.SetTag(name, content.Messages);
        if (content.CutBytes > 0)
        {
            activity.SetTag(cutName, content.CutBytes);
        }
    }

    private ActivityContext Parent() => _activity?.Context ?? default;

    private Activity? Start(string name, ActivityKind kind, ActivityContext parent)
    {
        if (!_source.HasListeners() || (_activity is null && kind != ActivityKind.Server))
        {
            return null;
        }

        // The ambient activity is left alone: requests are not followed by the flow of execution, and what the web server puts there is not ours.
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        Activity? activity = _source.StartActivity(name, kind, parent);
        Activity.Current = ambient;
        return activity;
    }

    private static void Stop(ref Activity? activity, string? error)
    {
        if (activity is null)
        {
            return;
        }

        if (error is not null)
        {
            activity.SetTag(TelemetryNames.ErrorType, error).SetStatus(ActivityStatusCode.Error);
        }

        Activity? ambient = Activity.Current;
        activity.Stop();
        Activity.Current = ambient;
        activity = null;
    }

    private sealed class Attempt(UpstreamTags tags, Activity? activity, FlowRates rates, TimeSpan began)
    {
        public UpstreamTags Tags => tags;

        public Activity? Activity => activity;

        public FlowRates Rates => rates;

        public TimeSpan Began => began;

        public long Number { get; init; }

        public bool HasToken { get; set; }
    }
}
