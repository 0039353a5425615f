using System.Buffers;
using System.Text;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>Writes the head of a request, and takes small pieces of its body behind it, so that a small request is one packet.</summary>
internal sealed class RequestHeadWriter
{
    private const int Capacity = 16 * 1024;

    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(code => (char)code), '\x7f']);

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>The fields that are the same for all requests to an upstream.</summary>
    public static byte[] FixedFields(UpstreamSettings settings, Secret? clusterSecret)
    {
        Uri url = settings.Url ?? throw new ArgumentException("The upstream has no URL.", nameof(settings));
        StringBuilder fields = new();
        fields.Append("Host: ").Append(url.IsDefaultPort ? url.IdnHost : $"{HostName(url)}:{url.Port}").Append("\r\nAccept-Encoding: identity\r\n");
        Secret? key = settings.Kind == UpstreamKind.Tiercel ? clusterSecret : settings.Key;
        if (key is not null)
        {
            string value = key.Reveal();
            Check(key.Reference, value);
            fields.Append("Authorization: Bearer ").Append(value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(fields.ToString());
    }

    /// <exception cref="ArgumentException">A field holds what would end it, or the head is too large.</exception>
    public void Write(UpstreamRequest request, string basePath, ReadOnlySpan<byte> fixedFields)
    {
        _bytes = ArrayPool<byte>.Shared.Rent(Capacity);
        Check("method and path", request.Method);
        Check("method and path", request.Path);
        Text(request.Method);
        Bytes(" "u8);
        Text(basePath);
        Text(request.Path);
        Bytes(" HTTP/1.1\r\n"u8);
        Bytes(fixedFields);
        for (int i = 0; i < request.Headers.Count; i++)
        {
            UpstreamHeader header = request.Headers[i];
            Check(header.Name, header.Name);
            Check(header.Name, header.Value);
            Text(header.Name);
            Bytes(": "u8);
            Text(header.Value);
            Bytes("\r\n"u8);
        }

        if (request.Body.Count > 0)
        {
            long length = 0;
            for (int i = 0; i < request.Body.Count; i++)
            {
                length += request.Body[i].Length;
            }

            Bytes("Content-Type: application/json\r\nContent-Length: "u8);
            Number(length);
            Bytes("\r\n\r\n"u8);
            return;
        }

        Bytes(request.Method == "GET" ? "\r\n"u8 : "Content-Length: 0\r\n\r\n"u8);
    }

    public bool TryAppend(ReadOnlySpan<byte> piece)
    {
        if (piece.Length > _bytes.Length - _length)
        {
            return false;
        }

        piece.CopyTo(_bytes.AsSpan(_length));
        _length += piece.Length;
        return true;
    }

    public void Clear() => _length = 0;

    /// <summary>Gives the buffer back; nothing of it is being sent any more.</summary>
    public void Release()
    {
        byte[] bytes = _bytes;
        _bytes = [];
        _length = 0;
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static string HostName(Uri url) => url.HostNameType == UriHostNameType.IPv6 ? $"[{url.IdnHost}]" : url.IdnHost;

    private static void Check(string what, string value)
    {
        if (value.AsSpan().ContainsAny(Forbidden))
        {
            throw new ArgumentException($"{what} holds a control character and cannot be sent.", nameof(value));
        }
    }

    private void Text(string text)
    {
        Require(text.Length);
        _length += Encoding.Latin1.GetBytes(text, _bytes.AsSpan(_length));
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Number(long value)
    {
        Require(20);
        _ = value.TryFormat(_bytes.AsSpan(_length), out int written, default, System.Globalization.CultureInfo.InvariantCulture);
        _length += written;
    }

    private void Require(int bytes)
    {
        if (bytes > _bytes.Length - _length)
        {
            throw new ArgumentException("The head of the request is too large.", nameof(bytes));
        }
    }
}
