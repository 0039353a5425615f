namespace Tiercel.Engine.Tokenization.Vocabularies;

/// <summary>The ids that the metadata gives to roles; null where it does not. All are in range.</summary>
internal sealed record SpecialIds(int? Bos, int? Eos, int? Eot, int? Eom, int? Unknown, int? Separator, int? Classifier);
