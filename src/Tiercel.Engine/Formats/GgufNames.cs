namespace Tiercel.Engine.Formats;

/// <summary>What names from a file may hold before they are shown to anyone.</summary>
internal static class GgufNames
{
    private const int ShownCharacters = 80;

    public static bool IsPrintableAscii(string name) => !name.AsSpan().ContainsAnyExceptInRange(' ', '~');

    public static bool HasControlCharacters(string name) => name.Any(char.IsControl);

    /// <summary>A name as it goes into a message.</summary>
    public static string Shorten(string name) => name.Length <= ShownCharacters ? name : $"{name.AsSpan(0, ShownCharacters)}…";
}
