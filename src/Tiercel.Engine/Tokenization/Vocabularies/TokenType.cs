namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>What a token is, with the numbers of <c>tokenizer.ggml.token_type</c>.</summary>
internal enum TokenType : byte
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
