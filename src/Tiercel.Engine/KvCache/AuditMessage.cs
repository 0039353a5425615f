using System.Runtime.CompilerServices;
using System.Text;

namespace Tiercel.Engine.KvCache;

/// <summary>The text of a check, put together only when the check fails: audits run after every step of a Debug build.</summary>
[InterpolatedStringHandler]
internal readonly ref struct AuditMessage
{
    private readonly StringBuilder? _text;

    public AuditMessage(int literalLength, int formattedCount, bool holds, out bool needed)
    {
        needed = !holds;
        _text = holds ? null : new StringBuilder(literalLength + formattedCount * 8);
    }

    public void AppendLiteral(string value) => _text?.Append(value);

    public void AppendFormatted(long value) => _text?.Append(value);

    public override string ToString() => _text?.ToString() ?? "";
}
