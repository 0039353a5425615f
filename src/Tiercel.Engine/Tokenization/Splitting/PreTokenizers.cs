using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>What a name in <c>tokenizer.ggml.pre</c> stands for.</summary>
/// <param name="Splitter">How text is cut.</param>
/// <param name="IgnoresMerges">A piece that is a token is that token, whatever merging would give.</param>
/// <param name="AddsBos">Whether begin-of-text is added if the file does not say.</param>
/// <param name="Warning">Why the result may be worse than the model can be, or null.</param>
internal sealed record PreTokenizerChoice(PreTokenizer Splitter, bool IgnoresMerges = false, bool AddsBos = false, string? Warning = null);

/// <summary>The pre-tokenizers by name (engines.md 3.5).</summary>
internal static class PreTokenizers
{
    private static readonly int[] AsciiSigns = [.. "$+<=>^~|".Select(static sign => (int)sign)];

    /// <exception cref="Formats.ModelFormatException">The name is not known: guessing would give the model text it never saw.</exception>
    public static PreTokenizerChoice Choose(string? name) => name switch
    {
        null or "" or "default" => new(Default(), Warning: $"metadata key '{TokenizerKeys.Pre}' "
            + (name == "default" ? "is 'default'" : "is missing") + ": text is split by a generic rule, which may not be the one that the model was trained with"),
        "llama-bpe" or "llama3" or "llama-v3" or "falcon3" or "falcon-h1" or "pixtral" or "midm-2.0" or "lfm2" or "jina-v5-nano"
            => new(Llama3<ThreeDigits>(), IgnoresMerges: true, AddsBos: true),
        "dbrx" or "smaug-bpe" or "glm4" or "chatglm-bpe" => new(Llama3<ThreeDigits>()),
        "qwen2" or "deepseek-r1-qwen" or "kormo" or "f2llmv2" or "megrez" or "stablelm2" or "hunyuan" or "solar-open" or "grok-2" => new(Llama3<SingleDigits>()),
        "qwen35" => new(new SplitterPreTokenizer<Llama3Splitter<SingleDigits, LettersAndMarks>>()),
        "gpt-2" or "phi-2" or "mpt" or "olmo" or "jais" or "trillion" or "granite-docling" or "exaone4" or "jina-es" or "jina-de" or "jina-v2-es" or "jina-v2-de"
            or "gigachat" or "a.x-4.0" or "mellum" => new(new SplitterPreTokenizer<Gpt2Splitter<AnyDigits>>()),
        "smollm" or "starcoder" or "command-r" or "refact" or "codeshell" or "exaone" or "minerva-7b" or "mellum2"
            => new(new SplitterPreTokenizer<Gpt2Splitter<SingleDigits>>()),
        "gpt-4o" or "llama4" or "kanana2" or "talkie" or "minimax-m2" => new(new SplitterPreTokenizer<CasedSplitter<ThreeDigits>>()),
        "tekken" => new(new SplitterPreTokenizer<CasedSplitter<SingleDigits>>(), IgnoresMerges: true, AddsBos: true),
        "deepseek-llm" => new(DeepSeekLlm()),
        "deepseek-coder" => new(DeepSeekCoder()),
        "deepseek-v3" or "hunyuan-dense" or "joyai-llm" => new(DeepSeekV3()),
        "falcon" => new(Falcon()),
        _ => throw VocabularyReader.Wrong(TokenizerKeys.Pre, $"names the pre-tokenizer '{(name.Length > 60 ? name[..60] : name)}', which is not known"),
    };

    private static SplitterPreTokenizer<Llama3Splitter<TDigits, LettersOnly>> Llama3<TDigits>()
        where TDigits : struct, IDigitRule
        => new();

    private static StagedPreTokenizer DeepSeekLlm() => new(
        new RunStage(DeepSeekSets.IsNewLine, most: 1),
        new RunStage(DeepSeekSets.IsCased, takesSpaceBefore: true),
        new RunStage(DeepSeekSets.IsSign, takesSpaceBefore: true),
        new TrailingSpaceStage(),
        new RunStage(DeepSeekSets.IsIdeographOrSyllable),
        RunStage.OfClass(CodePoints.Number));

    private static StagedPreTokenizer DeepSeekCoder() => new(
        new RunStage(DeepSeekSets.IsNewLine, most: 1),
        RunStage.OfClass(CodePoints.Letter, takesSpaceBefore: true),
        RunStage.OfClass(CodePoints.Punctuation, takesSpaceBefore: true),
        new RunStage(DeepSeekSets.IsIdeographOrSyllable),
        RunStage.OfClass(CodePoints.Number, most: 1));

    private static StagedPreTokenizer DeepSeekV3() => new(
        RunStage.OfClass(CodePoints.Number, most: 3),
        new RunStage(DeepSeekSets.IsIdeographOrKana),
        new DeepSeekStage());

    private static StagedPreTokenizer Falcon() => new(
        Signs(withBacktick: true),
        new SplitterStage<Gpt2Splitter<AnyDigits>>(),
        ThreeAsciiDigits());

    private static StagedPreTokenizer Default() => new(
        Signs(withBacktick: false),
        new SplitterStage<Gpt2Splitter<AnyDigits>>(),
        RunStage.OfClass(CodePoints.Number),
        ThreeAsciiDigits());

    /// <summary><c>[\p{P}$+&lt;=&gt;^~|]+</c>, in Falcon's with the backtick.</summary>
    private static RunStage Signs(bool withBacktick) => new(codePoint => CodePoints.ClassOf(codePoint) == CodePoints.Punctuation
        || Array.IndexOf(AsciiSigns, codePoint) >= 0 || (withBacktick && codePoint == '`'));

    private static RunStage ThreeAsciiDigits() => new(static codePoint => codePoint is >= '0' and <= '9', least: 3, most: 3);
}
