using Tiercel.Gateway.Configuration.Shapes;

namespace Tiercel.Gateway.Configuration.Sections;

internal static class UpstreamSection
{
    private static readonly UpstreamSettings Defaults = new() { Name = "", Kind = UpstreamKind.OpenAI };

    private static readonly Shape<TimeSpan> Timeout = Numbers.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));

    private static readonly Key<string> Name = Keys.Required("name", Texts.Name, "What logs, metrics and the ledger call it; unique in the file.");

    private static readonly Key<UpstreamKind> Kind = Keys.Required(
        "kind",
        Texts.Choice(("tiercel", UpstreamKind.Tiercel), ("openai", UpstreamKind.OpenAI), ("embedded", UpstreamKind.Embedded)),
        "`tiercel`: a Tiercel worker, whose cache is known exactly and whose streams survive it; `openai`: any server with an OpenAI-compatible API; `embedded`: the engine of this process.");

    private static readonly Key<Uri?> Url = Keys.Optional("url", Texts.Url, "Base address, with the path before `/v1` if there is one. Not for `embedded`.");

    private static readonly Key<Secret?> ApiKey = Keys.Optional("key", Secrets.Value, "Sent as `Authorization: Bearer`. Only for `openai`; workers are shown `cluster.secret`.");

    private static readonly Key<string?> Model = Keys.Optional("model", Texts.ModelName, "What the engine calls the model; without it, the name that the client used. A Tiercel worker has one model, which is meant by any name.");

    private static readonly Key<IReadOnlyList<UpstreamCapabilities>> Capabilities = Keys.Default<IReadOnlyList<UpstreamCapabilities>>(
        "capabilities",
        new ListShape<UpstreamCapabilities>(
            Texts.Choice(
                ("chat", UpstreamCapabilities.Chat),
                ("completions", UpstreamCapabilities.Completions),
                ("embeddings", UpstreamCapabilities.Embeddings),
                ("continue_message", UpstreamCapabilities.ContinueMessage)),
            max: 4),
        [UpstreamCapabilities.Chat, UpstreamCapabilities.Completions, UpstreamCapabilities.Embeddings],
        "What it can do. `continue_message`: it goes on with a last message of the assistant, as vLLM does with `continue_final_message`.");

    private static readonly Key<PriceSettings> Price = Keys.Default("price", PriceSection.Table, Defaults.Price, "What it costs.");

    private static readonly Key<TimeSpan> FirstByte = Keys.Default(
        "first_byte_timeout", Timeout, Defaults.FirstByteTimeout, "From the request being sent to the first byte of the answer's body.");

    private static readonly Key<TimeSpan> Idle = Keys.Default("idle_timeout", Timeout, Defaults.IdleTimeout, "Longest silence after that.");

    private static readonly Key<TimeSpan> Connect = Keys.Default("connect_timeout", Timeout, Defaults.ConnectTimeout, "Longest time to a connection.");

    private static readonly Key<int> MaxConcurrency = Keys.Default(
        "max_concurrency", Numbers.Integer(1, 65_536), Defaults.MaxConcurrency, "Requests it gets at one time; the adaptive limit of foreign engines stays below it.");

    public static Section<UpstreamSettings> Table { get; } = new(
        "upstream",
        "One engine.",
        [Name, Kind, Url, ApiKey, Model, Capabilities, Price, FirstByte, Idle, Connect, MaxConcurrency],
        Build)
    {
        Check = Check,
        HoldsSecrets = true,
    };

    private static UpstreamSettings Build(SectionValues values) => new()
    {
        Name = values.Get(Name),
        Kind = values.Get(Kind),
        Url = values.Get(Url),
        Key = values.Get(ApiKey),
        Model = values.Get(Model),
        Capabilities = values.Get(Capabilities).Aggregate(UpstreamCapabilities.None, (all, one) => all | one),
        Price = values.Get(Price),
        FirstByteTimeout = values.Get(FirstByte),
        IdleTimeout = values.Get(Idle),
        ConnectTimeout = values.Get(Connect),
        MaxConcurrency = values.Get(MaxConcurrency),
    };

    private static void Check(SectionValues values)
    {
        UpstreamKind kind = values.Get(Kind);
        if (kind == UpstreamKind.Embedded)
        {
            foreach (Key key in new Key[] { Url, ApiKey }.Where(values.IsGiven))
            {
                values.Wrong(key, "does not go with the kind embedded, which is the engine of this process");
            }

            values.Context.WantEngine(values.NodeOf(Kind), values.Path + ".kind");
            Claim(values, Kind, "embedded", "", "a process has one embedded engine, and it is");
        }
        else if (!values.IsGiven(Url))
        {
            values.Wrong(Url, "is needed for every kind but embedded");
        }
        else
        {
            // A worker serves one model and counts its own load, so it stands in one place. A foreign server may serve several models.
            string url = values.Get(Url)!.AbsoluteUri.TrimEnd('/');
            string pool = kind == UpstreamKind.Tiercel ? "" : values.Path[..values.Path.LastIndexOf('[')] + values.Get(Model);
            Claim(values, Url, "url", pool + url, "this URL is already that of");
        }

        if (kind == UpstreamKind.Tiercel && values.IsGiven(ApiKey))
        {
            values.Wrong(ApiKey, "does not go with the kind tiercel: workers are shown cluster.secret");
        }

        Claim(values, Name, "upstream", values.Get(Name), $"the name '{values.Get(Name)}' is already that of");
    }

    private static void Claim(SectionValues values, Key key, string kind, string identity, string reason)
    {
        if (values.Context.Claim(kind, identity, values.Path) is string holder)
        {
            values.Wrong(key, $"{reason} {holder}");
        }
    }
}
