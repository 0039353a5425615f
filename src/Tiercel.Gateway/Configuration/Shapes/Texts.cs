using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Names, choices, addresses and paths.</summary>
internal static partial class Texts
{
    private const int MaxCharacters = 1024;

    /// <summary>A name that goes into metrics, headers and paths.</summary>
    public static Shape<string> Name { get; } = Text("name", "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", NamePattern(), "letters, digits, '_', '.' and '-', 64 at most");

    /// <summary>A model's name, as clients and engines say it.</summary>
    public static Shape<string> ModelName { get; } = Text(
        "model name", "^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,255}$", ModelPattern(), "letters, digits and _ . : / @ + -, 256 at most");

    /// <summary>A model's name, or <c>*</c> for all that have no route of their own.</summary>
    public static Shape<string> RouteName { get; } = Text(
        "model name", @"^(\*|[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,255})$", RoutePattern(), "letters, digits and _ . : / @ + -, 256 at most; or * in quotes, for models without a route of their own");

    /// <summary>What a request's <c>Host</c> may be, without its port.</summary>
    public static Shape<string> HostName { get; } = Text(
        "host name", @"^([A-Za-z0-9][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,64}\])$", HostPattern(), "a DNS name, an IPv4 address, or an IPv6 address in [ ]; no port, no scheme");

    /// <summary>What a browser says a page is from.</summary>
    public static Shape<string> Origin { get; } = Text(
        "origin", @"^(\*|https?://[A-Za-z0-9_.:\[\]-]{1,260})$", OriginPattern(), "scheme, host and port as in https://app.example.com, no path; or *");

    /// <summary>Base address of an engine.</summary>
    public static Shape<Uri> Url { get; } = new ScalarShape<Uri>(
        "URL", () => new JsonObject { ["type"] = "string", ["pattern"] = "^https?://" }, ReadUrl, value => value.OriginalString.TrimEnd('/'));

    /// <summary>Where to listen.</summary>
    public static Shape<IPEndPoint> EndPoint { get; } = new ScalarShape<IPEndPoint>(
        "IP address and port", () => new JsonObject { ["type"] = "string", ["pattern"] = "^.+:[0-9]{1,5}$" }, ReadEndPoint, value => value.ToString());

    /// <summary>A file that is written to, and need not exist.</summary>
    public static Shape<string> Path { get; } = FilePath(mustExist: false);

    /// <summary>A file that is read.</summary>
    public static Shape<string> ExistingFile { get; } = FilePath(mustExist: true);

    /// <summary>The name of something that is defined elsewhere in the file.</summary>
    public static Shape<string> NameOf(string kind) => new MentionShape(kind, kind == "route" ? RouteName : Name);

    /// <summary>Whether a name is one that a model can have.</summary>
    public static bool IsModelName(string name) => ModelPattern().IsMatch(name);

    public static Shape<T> Choice<T>(params (string Name, T Value)[] choices)
        where T : notnull
    {
        string[] names = [.. choices.Select(choice => choice.Name)];
        return new ScalarShape<T>(
            string.Join(", ", names.Select(name => $"`{name}`")),
            () => new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]) },
            (YamlScalar scalar, ReadingContext context, out T value) =>
            {
                int index = Array.IndexOf(names, scalar.Text);
                value = index < 0 ? default! : choices[index].Value;
                return index < 0 ? $"must be one of {string.Join(", ", names)}, and this is {Numbers.Show(scalar)}" : null;
            },
            value => choices.First(choice => choice.Value.Equals(value)).Name);
    }

    private static ScalarShape<string> Text(string title, string pattern, Regex regex, string rule) => new(
        title,
        () => new JsonObject { ["type"] = "string", ["pattern"] = pattern },
        (YamlScalar scalar, ReadingContext context, out string value) =>
        {
            value = scalar.Text;
            return IsOtherType(scalar) ? $"is {Numbers.Show(scalar)}, which YAML takes for no text; put it in quotes"
                : regex.IsMatch(value) ? null
                : $"is no {title} ({rule})";
        },
        value => value);

    /// <summary>Whether YAML's own rules make a number or a truth value of it. An editor that knows the schema would complain of it too.</summary>
    private static bool IsOtherType(YamlScalar scalar) =>
        scalar.IsPlain && (scalar.Text is "true" or "false" or "True" or "False" or "TRUE" or "FALSE"
            || double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out _));

    private static ScalarShape<string> FilePath(bool mustExist) => new(
        "path",
        () => new JsonObject { ["type"] = "string", ["minLength"] = 1 },
        (YamlScalar scalar, ReadingContext context, out string value) =>
        {
            value = "";
            if (scalar.Text.Length is 0 or > MaxCharacters || scalar.Text.Any(char.IsControl))
            {
                return FormattableString.Invariant($"is no path, which has 1 to {MaxCharacters} characters on one line");
            }

            value = context.References.FullPath(scalar.Text);
            return mustExist && context.References.LooksUp && !File.Exists(value) ? $"file {scalar.Text} does not exist" : null;
        },
        value => value);

    private static string? ReadUrl(YamlScalar scalar, ReadingContext context, out Uri value)
    {
        value = null!;

        // Wrong ones are not shown: they may hold a user's password.
        if (scalar.Text.Length > MaxCharacters || !Uri.TryCreate(scalar.Text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            return "wants an http:// or https:// URL";
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            return "is a URL with a user, a query or a fragment; only scheme, host, port and path are wanted";
        }

        value = url;
        return null;
    }

    private static string? ReadEndPoint(YamlScalar scalar, ReadingContext context, out IPEndPoint value)
    {
        string text = scalar.Text.StartsWith("localhost:", StringComparison.Ordinal) ? $"127.0.0.1{scalar.Text.AsSpan("localhost".Length)}" : scalar.Text;
        value = null!;
        bool hasPort = PortPattern().IsMatch(text);
        if (!hasPort || !IPEndPoint.TryParse(text, out IPEndPoint? address) || (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && text.Count(c => c == '.') != 3))
        {
            return $"wants an IP address and a port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, and this is {Numbers.Show(scalar)}";
        }

        value = address;
        return null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,255}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ModelPattern();

    [GeneratedRegex(@"\A(\*|[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,255})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex RoutePattern();

    [GeneratedRegex(@"\A([A-Za-z0-9][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,64}\])\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A(\*|https?://[A-Za-z0-9_.:\[\]-]{1,260})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex OriginPattern();

    [GeneratedRegex(@"\A([0-9.]+|\[.+\]):[0-9]{1,5}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PortPattern();
}
