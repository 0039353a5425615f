using Tiercel.Engine.Formats;

namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>Tokens that separate the turns of a conversation or end an answer, by the names that model families gave them.</summary>
internal static class ChatMarkers
{
    /// <summary>Ends of an answer. A token of such a name counts only where the vocabulary says that it is a control token: the same text can be ordinary.</summary>
    public static readonly string[] Ends =
    [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<end_of_turn>", "<turn|>", "<|endoftext|>",
        "<|end_of_text|>", "<|eot|>", "<|eom|>", "</s>", "<eos>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<end_of_utterance>", "<｜end▁of▁sentence｜>", "[e~[",
        "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
    ];

    /// <summary>
    /// Names that structure a prompt in every model that has them. Older files call some of them user-defined, which is matched in any text: a message
    /// that spells one would then speak with another voice.
    /// </summary>
    private static readonly string[] Turns =
    [
        "<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>", "<|turn>", "<turn|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>",
        "<|begin_of_text|>", "<|end_of_text|>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|start|>", "<|channel|>", "<|message|>",
        "<|return|>", "<|call|>", "<|constrain|>", "<|start_of_role|>", "<|end_of_role|>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜begin▁of▁sentence｜>",
        "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
        "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
    ];

    /// <summary>Makes control tokens of the turn markers and of marker-like texts that the metadata names as beginning or end.</summary>
    public static void Promote(GgufTexts texts, TokenType[] types, TextIndex ids, SpecialIds special)
    {
        foreach (string name in Turns)
        {
            if (ids.Find(name) is int id && types[id] == TokenType.UserDefined)
            {
                types[id] = TokenType.Control;
            }
        }

        foreach (int? named in (ReadOnlySpan<int?>)[special.Bos, special.Eos, special.Eot, special.Eom])
        {
            // A plain word may be the end token of a base model ("\n"); only what looks like a marker is taken out of reach of messages.
            if (named is int id && types[id] is TokenType.Normal or TokenType.UserDefined or TokenType.Undefined && IsMarker(texts[id]))
            {
                types[id] = TokenType.Control;
            }
        }
    }

    /// <summary>The ids after which a model stops by itself.</summary>
    public static HashSet<int> FindEnds(Vocabulary vocabulary)
    {
        HashSet<int> ends = [];
        foreach (string name in Ends)
        {
            if (vocabulary.Find(name) is int id && vocabulary.Types[id] == TokenType.Control)
            {
                ends.Add(id);
            }
        }

        foreach (int? id in (ReadOnlySpan<int?>)[vocabulary.Special.Eos, vocabulary.Special.Eot, vocabulary.Special.Eom])
        {
            if (id is int named)
            {
                ends.Add(named);
            }
        }

        RemoveHarmonyEnd(vocabulary, ends);
        return ends;
    }

    /// <summary>In the harmony format (gpt-oss) an answer ends with return or call, while end only closes one message of several.</summary>
    private static void RemoveHarmonyEnd(Vocabulary vocabulary, HashSet<int> ends)
    {
        bool Has(string name) => vocabulary.Find(name) is int id && ends.Contains(id);
        bool harmony = (Has("<|return|>") && Has("<|call|>")) || (Has("<|flush|>") && Has("<|calls|>"));
        if (harmony && vocabulary.Find("<|end|>") is int end && end != vocabulary.Special.Eos)
        {
            ends.Remove(end);
        }
    }

    private static bool IsMarker(string text) => text.Length > 2 && ((text[0] == '<' && text[^1] == '>') || (text[0] == '[' && text[^1] == ']'));
}
