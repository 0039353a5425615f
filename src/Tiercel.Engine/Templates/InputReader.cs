using System.Text.Json;
using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates;

/// <summary>
/// Turns a request into template variables, and counts what there is of it. Every string of the client's is marked as such. Names of
/// messages' own fields, the tokens of the model and the roles of the API are the only trusted ones: templates build control
/// tokens out of roles.
/// </summary>
internal sealed class InputReader
{
    private static readonly HashSet<string> KnownRoles =
        ["system", "developer", "user", "assistant", "tool", "function", "ipython", "environment", "model"];

    /// <summary>How many values were read: objects, arrays, strings, numbers, words.</summary>
    public long Values { get; private set; }

    /// <summary>How many characters their strings have.</summary>
    public long Characters { get; private set; }

    public Scope Read(ChatTemplateInputs inputs)
    {
        Scope scope = new(parent: null);
        scope.Set("messages", new SequenceValue([.. inputs.Messages.Select(ReadMessage)], isTrusted: false));
        scope.Set("tools", inputs.Tools is JsonElement tools ? ReadJson(tools) : NoneValue.Instance);
        scope.Set("documents", NoneValue.Instance);
        scope.Set("add_generation_prompt", BoolValue.Of(inputs.AddGenerationPrompt));
        scope.Set("bos_token", TextValue.Trusted(inputs.BosToken));
        scope.Set("eos_token", TextValue.Trusted(inputs.EosToken));
        HashSet<string> taken = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token"];
        foreach ((string name, JsonElement value) in inputs.Arguments ?? new Dictionary<string, JsonElement>())
        {
            if (taken.Contains(name))
            {
                throw new ChatTemplateException($"template argument '{name}' is taken by the request itself", raisedByTemplate: true);
            }

            scope.Set(name, ReadJson(value));
        }

        return scope;
    }

    private DictValue ReadMessage(ChatMessage message)
    {
        DictValue dict = new(isTrusted: false);
        dict.Set("role", KnownRoles.Contains(message.Role) ? TextValue.Trusted(message.Role) : ReadText(message.Role));
        dict.Set("content", message.Content is null ? NoneValue.Instance : ReadText(message.Content));
        SetIfPresent(dict, "name", message.Name);
        SetIfPresent(dict, "tool_call_id", message.ToolCallId);
        SetIfPresent(dict, "reasoning_content", message.ReasoningContent);
        if (message.ToolCalls is JsonElement calls)
        {
            Value value = ReadJson(calls);
            OpenArguments(value);
            dict.Set("tool_calls", value);
        }

        return dict;
    }

    private void SetIfPresent(DictValue dict, string name, string? text)
    {
        if (text is not null)
        {
            dict.Set(name, ReadText(text));
        }
    }

    /// <summary>
    /// The API sends a call's arguments as a string of JSON; templates are written for the object in it. A string that holds no object stays.
    /// </summary>
    private void OpenArguments(Value calls)
    {
        foreach (Value call in (calls as SequenceValue)?.Items ?? [])
        {
            if ((call as DictValue)?.Find("function") is not DictValue function || function.Find("arguments") is not TextValue text)
            {
                continue;
            }

            try
            {
                using JsonDocument document = JsonDocument.Parse(text.Text.Length == 0 ? "{}" : text.Text);
                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    function.Set("arguments", ReadJson(document.RootElement));
                }
            }
            catch (JsonException)
            {
                // What a model wrote need not be JSON; the template then sees the string as it was sent.
            }
        }
    }

    private Value ReadJson(JsonElement element)
    {
        Values++;
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                DictValue dict = new(isTrusted: false);
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    dict.Set(ReadText(Decoded(() => property.Name)), ReadJson(property.Value));
                }

                return dict;
            case JsonValueKind.Array:
                List<Value> items = new(element.GetArrayLength());
                foreach (JsonElement item in element.EnumerateArray())
                {
                    items.Add(ReadJson(item));
                }

                return new SequenceValue(items, isTrusted: false);
            case JsonValueKind.String:
                return ReadText(Decoded(() => element.GetString() ?? ""));
            case JsonValueKind.Number:
                return ReadNumber(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return BoolValue.Of(element.ValueKind == JsonValueKind.True);
            default:
                return NoneValue.Instance;
        }
    }

    private static Value ReadNumber(string raw) =>
        raw.AsSpan().ContainsAny('.', 'e', 'E')
            ? new FloatValue(double.Parse(raw, System.Globalization.CultureInfo.InvariantCulture))
            : IntegerValue.Parse(raw);

    private TextValue ReadText(string text)
    {
        Values++;
        Characters += text.Length;
        return TextValue.FromInput(text);
    }

    private static string Decoded(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            throw new ChatTemplateException("a string of the request holds half of a surrogate pair", raisedByTemplate: true);
        }
    }
}
