using System.Text;
using System.Text.Json;

namespace Tiercel.Protocols.Reading;

/// <summary>The fields of one message while they are read, in whatever order they come.</summary>
internal sealed class MessageDraft
{
    public string? Role { get; set; }

    public string? Content { get; set; }

    public string? Name { get; set; }

    public string? ToolCallId { get; set; }

    public string? Reasoning { get; set; }

    public JsonElement? ToolCalls { get; set; }

    /// <summary>The type and text of the content part that is being read.</summary>
    public string? PartType { get; set; }

    public string? PartText { get; set; }

    public StringBuilder Parts { get; } = new();

    public void Clear()
    {
        Role = Content = Name = ToolCallId = Reasoning = PartType = PartText = null;
        ToolCalls = null;
        Parts.Clear();
    }
}
