namespace Tiercel.Protocols.Reading;

/// <summary>Every parameter of every endpoint and what becomes of it; the documentation is generated from here.</summary>
public static class ApiParameters
{
    public static IReadOnlyList<ParameterDescription> All { get; } =
    [
        .. ChatParameters.Table.Describe(),
        .. MessageReader.Fields.Describe(),
        .. MessageReader.PartFields.Describe(),
        .. CompletionParameters.Table.Describe(),
        .. EmbeddingParameters.Table.Describe(),
        .. TokenizerParameters.Tokenize.Describe(),
        .. TokenizerParameters.Detokenize.Describe(),
    ];
}
