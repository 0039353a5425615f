using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization.Vocabularies;

namespace Tiercel.Engine.Tokenization;

/// <summary>Whether a token is added at the beginning or end of a prompt.</summary>
internal static class AddedToken
{
    /// <exception cref="ModelFormatException">The file asks for a token that it does not name.</exception>
    public static bool Read(GgufMetadata metadata, string key, bool otherwise, string tokenKey, int? token)
    {
        bool? asked = metadata.GetBoolean(key);
        return asked == true && token is null
            ? throw VocabularyReader.Wrong(tokenKey, $"is missing, but '{key}' is true")
            : (asked ?? otherwise) && token is not null;
    }
}
