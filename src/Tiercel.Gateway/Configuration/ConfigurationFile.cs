using System.Security.Cryptography;
using System.Text;
using Tiercel.Gateway.Configuration.Sections;
using Tiercel.Gateway.Configuration.Shapes;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration;

/// <summary>Reads <c>tiercel.yaml</c>.</summary>
public static class ConfigurationFile
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads a file whole, or says everything that is wrong with it.</summary>
    public static ConfigurationReading Read(string path, ReferenceResolver references) => Read(path, references, out _);

    /// <summary>Reads the text of a file.</summary>
    /// <param name="file">What errors call it.</param>
    public static ConfigurationReading Parse(string file, ReadOnlyMemory<byte> text, ReferenceResolver references) => Parse(file, text, references, out _);

    /// <param name="fingerprint">Differs when the file or a secret that it refers to differs.</param>
    internal static ConfigurationReading Read(string path, ReferenceResolver references, out string fingerprint)
    {
        try
        {
            // One byte more than is allowed tells that there are more, however long a file is or grows.
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] text = new byte[MaxBytes + 1];
            int length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return Parse(path, text.AsMemory(0, length), references, out fingerprint);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string reason = error is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read";
            fingerprint = reason;
            return Refused(new ConfigurationError(path, 0, 0, "", reason));
        }
    }

    private static ConfigurationReading Parse(string file, ReadOnlyMemory<byte> text, ReferenceResolver references, out string fingerprint)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(text.Span);
        string version = Convert.ToHexStringLower(hash.GetCurrentHash().AsSpan(0, 6));
        ReadingContext context = new(file, references, hash);
        FleetConfiguration? configuration = ReadRoot(text, context);
        fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
        return context.HasErrors || configuration is null
            ? Refused([.. context.Errors()])
            : new ConfigurationReading
            {
                Configuration = configuration with { Version = version },
                Errors = [],
                Notes = context.Notes,
                WantsEngine = context.WantsEngine,
                Values = context.Values.ToDictionary(entry => entry.Path, entry => entry.Value),
            };
    }

    private static FleetConfiguration? ReadRoot(ReadOnlyMemory<byte> text, ReadingContext context)
    {
        if (text.Length > MaxBytes)
        {
            context.Error(0, 0, "", $"is larger than {MaxBytes >> 20} MiB");
            return null;
        }

        try
        {
            ReadOnlySpan<byte> bytes = text.Span.StartsWith(Encoding.UTF8.Preamble) ? text.Span[Encoding.UTF8.Preamble.Length..] : text.Span;
            YamlNode? root = YamlComposer.Compose(new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes));
            if (root is null)
            {
                context.Error(0, 0, "", "is empty");
                return null;
            }

            FleetSection.Table.TryRead(root, "", needsRestart: false, context, out FleetConfiguration configuration);
            FleetSection.CheckAcross(root, context);
            return configuration;
        }
        catch (DecoderFallbackException)
        {
            context.Error(0, 0, "", "is not UTF-8");
        }
        catch (YamlRefusedException error)
        {
            context.Error(error.Line, error.Column, "", error.Message);
        }

        return null;
    }

    private static ConfigurationReading Refused(params IReadOnlyList<ConfigurationError> errors) => new() { Errors = errors };
}
