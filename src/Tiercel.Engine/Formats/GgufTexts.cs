using System.Collections;
using System.Text;

namespace Tiercel.Engine.Formats;

/// <summary>
/// An array of texts of a model file, kept as the UTF-8 that the file has, one after another: a vocabulary has hundreds of thousands, and as objects they would take five times the memory. An element
/// is made into a string each time it is asked for.
/// </summary>
public sealed class GgufTexts : IReadOnlyList<string>
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    /// <param name="bytes">All texts, valid UTF-8.</param>
    /// <param name="ends">Where each text ends.</param>
    internal GgufTexts(byte[] bytes, int[] ends)
    {
        _bytes = bytes;
        _ends = ends;
    }

    public int Count => _ends.Length;

    public string this[int index] => Encoding.UTF8.GetString(Utf8(index));

    public static GgufTexts Of(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int[] ends = new int[texts.Count];
        byte[] bytes = new byte[texts.Sum(text => Encoding.UTF8.GetByteCount(text))];
        int used = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            used += Encoding.UTF8.GetBytes(texts[i], bytes.AsSpan(used));
            ends[i] = used;
        }

        return new GgufTexts(bytes, ends);
    }

    /// <summary>The bytes of a text.</summary>
    public ReadOnlySpan<byte> Utf8(int index)
    {
        int start = index == 0 ? 0 : _ends[index - 1];
        return _bytes.AsSpan(start, _ends[index] - start);
    }

    public IEnumerator<string> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
