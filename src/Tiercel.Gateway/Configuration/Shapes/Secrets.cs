using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>Secrets stand in the file as references. What is in the place of one is never repeated: it may be the secret itself.</summary>
internal static partial class Secrets
{
    private const string NoReference = "wants env:NAME or file:PATH; a secret itself does not belong in this file";
    private const string NoKeyReference = "wants env:NAME, file:PATH or sha256:HEX; a key itself does not belong in this file";
    private const int MaxCharacters = 4096;

    /// <summary>A secret that is sent to others.</summary>
    public static Shape<Secret> Value { get; } = new ScalarShape<Secret>(
        "secret", () => Schema("^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"), ReadSecret, value => value.Reference);

    /// <summary>A key that clients show; only its hash is kept.</summary>
    public static Shape<(ReadOnlyMemory<byte> Sha256, string Reference)> KeyHash { get; } = new ScalarShape<(ReadOnlyMemory<byte> Sha256, string Reference)>(
        "key", () => Schema("^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|sha256:[0-9A-Fa-f]{64})$"), ReadKey, value => value.Reference);

    private static JsonObject Schema(string pattern) => new() { ["type"] = "string", ["pattern"] = pattern };

    private static string? ReadSecret(YamlScalar scalar, ReadingContext context, out Secret value)
    {
        value = null!;
        string? reason = Find(scalar.Text, NoReference, context, out string found);
        value = new Secret(reason is null ? scalar.Text : "", found);
        return reason;
    }

    private static string? ReadKey(YamlScalar scalar, ReadingContext context, out (ReadOnlyMemory<byte> Sha256, string Reference) value)
    {
        value = default;
        if (HashPattern().Match(scalar.Text) is { Success: true } match)
        {
            byte[] hash = Convert.FromHexString(match.Groups["hex"].ValueSpan);
            value = (hash, $"sha256:{Convert.ToHexStringLower(hash.AsSpan(0, 8))}…");
            return null;
        }

        string? reason = Find(scalar.Text, NoKeyReference, context, out string found);
        if (reason is null)
        {
            value = (SHA256.HashData(Encoding.UTF8.GetBytes(context.References.LooksUp ? found : scalar.Text)), scalar.Text);
        }

        return reason;
    }

    private static string? Find(string reference, string noReference, ReadingContext context, out string found)
    {
        found = "";
        if (!ReferencePattern().IsMatch(reference))
        {
            return noReference;
        }

        if (!context.References.TryFind(reference, out found, out string reason))
        {
            return reason;
        }

        context.Remember(found);

        // It goes into a header, where other characters would end it or be refused by every server.
        return found.Length > MaxCharacters || found.Any(c => c is <= ' ' or > '~')
            ? FormattableString.Invariant($"{reference} holds no key: up to {MaxCharacters} visible ASCII characters without spaces")
            : null;
    }

    [GeneratedRegex(@"\A(env:[A-Za-z_][A-Za-z0-9_]{0,255}|file:[^\p{Cc}]{1,1024})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ReferencePattern();

    [GeneratedRegex(@"\Asha256:(?<hex>[0-9A-Fa-f]{64})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex HashPattern();
}
