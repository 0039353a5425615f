using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>A checked head of an answer: its bytes, and what the connection must know of it.</summary>
internal sealed record AnswerHead(byte[] Bytes, int Status, BodyFraming Framing, long Length, bool KeepAlive, string ContentType)
{
    /// <param name="name">In lower case.</param>
    public bool TryGet(string name, [NotNullWhen(true)] out string? value)
    {
        ReadOnlySpan<byte> rest = Bytes;
        rest = rest[(rest.IndexOf("\r\n"u8) + 2)..];
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf("\r\n"u8);
            ReadOnlySpan<byte> line = rest[..end];
            rest = rest[(end + 2)..];
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                value = Encoding.Latin1.GetString(line[(name.Length + 1)..].Trim(" \t"u8));
                return true;
            }
        }

        value = null;
        return false;
    }
}
