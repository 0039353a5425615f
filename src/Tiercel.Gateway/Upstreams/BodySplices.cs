using System.Text.Json;

namespace Tiercel.Gateway.Upstreams;

/// <summary>The only changes that a body gets on its way: the model's name, and the wish for usage. The body is cut into pieces around them, not copied.</summary>
internal static class BodySplices
{
    private static readonly byte[] True = "true"u8.ToArray();
    private static readonly byte[] Options = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] OptionsField = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly byte[] UsageField = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] OnlyUsageField = "\"include_usage\":true"u8.ToArray();

    /// <param name="body">The original bytes.</param>
    /// <param name="model">What the upstream calls the model; null to leave it.</param>
    /// <param name="forceUsage">Whether a stream shall tell its usage, asked for or not.</param>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Apply(ReadOnlyMemory<byte> body, ScannedBody scanned, string? model, bool forceUsage)
    {
        Splice? name = model is null || scanned.ModelValue.IsEmpty || model == scanned.Model
            ? null
            : new Splice(scanned.ModelValue, Quoted(model));
        Splice? usage = forceUsage && scanned is { Stream: true, IncludeUsage: false } ? Usage(body.Span, scanned) : null;
        if (name is null && usage is null)
        {
            return [body];
        }

        List<ReadOnlyMemory<byte>> pieces = new(5);
        bool isNameFirst = usage is null || (name is not null && name.Value.Range.Start < usage.Value.Range.Start);
        int done = 0;
        Cut(body, isNameFirst ? name : usage, ref done, pieces);
        Cut(body, isNameFirst ? usage : name, ref done, pieces);
        pieces.Add(body[done..]);
        return pieces;
    }

    private static void Cut(ReadOnlyMemory<byte> body, Splice? splice, ref int done, List<ReadOnlyMemory<byte>> pieces)
    {
        if (splice is { } cut)
        {
            pieces.Add(body[done..cut.Range.Start]);
            pieces.Add(cut.Bytes);
            done = cut.Range.End;
        }
    }

    private static Splice Usage(ReadOnlySpan<byte> body, ScannedBody scanned)
    {
        if (!scanned.IncludeUsageValue.IsEmpty)
        {
            return new Splice(scanned.IncludeUsageValue, True);
        }

        ByteRange options = scanned.StreamOptionsValue;
        if (options.IsEmpty)
        {
            // The body holds a prompt at least, so something follows the comma.
            return new Splice(new ByteRange(scanned.FirstField, 0), OptionsField);
        }

        if (body[options.Start] != '{')
        {
            return new Splice(options, Options);
        }

        bool isEmpty = body[(options.Start + 1)..].TrimStart(" \t\r\n"u8)[0] == '}';
        return new Splice(new ByteRange(options.Start + 1, 0), isEmpty ? OnlyUsageField : UsageField);
    }

    private static byte[] Quoted(string text) => [(byte)'"', .. JsonEncodedText.Encode(text).EncodedUtf8Bytes, (byte)'"'];

    /// <summary>Bytes in place of a range.</summary>
    private readonly record struct Splice(ByteRange Range, byte[] Bytes);
}
