using System.Globalization;
using System.Text;

namespace Tiercel.Engine.Tokenization.WordPieces;

/// <summary>
/// The first code point of the canonical decomposition (NFD) of a code point, which is the letter without its accents. The program runs without the system's
/// culture data, in which .NET does not normalise, so the decompositions are a file of this assembly (from UnicodeData.txt 14.0: "first-last=base").
/// </summary>
internal static class CanonicalBases
{
    private const int FirstSyllable = 0xAC00;
    private const int LastSyllable = 0xD7A3;

    // A Hangul syllable is arithmetic: 588 of them share a leading consonant.
    private const int SyllablesPerLead = 588;
    private const int FirstLead = 0x1100;

    private static readonly Dictionary<int, int> Bases = Read();

    public static int Of(int codePoint) => codePoint switch
    {
        < 0xC0 => codePoint,
        >= FirstSyllable and <= LastSyllable => FirstLead + ((codePoint - FirstSyllable) / SyllablesPerLead),
        _ => Bases.GetValueOrDefault(codePoint, codePoint),
    };

    private static Dictionary<int, int> Read()
    {
        using Stream stream = typeof(CanonicalBases).Assembly.GetManifestResourceStream("Tiercel.Engine.canonical-bases.txt")
            ?? throw new InvalidOperationException("the assembly was built without canonical-bases.txt");
        using StreamReader reader = new(stream, Encoding.ASCII);
        Dictionary<int, int> bases = [];
        foreach (string entry in reader.ReadToEnd().Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = entry.Split('=');
            string[] range = sides[0].Split('-');
            for (int codePoint = Parse(range[0]); codePoint <= Parse(range[^1]); codePoint++)
            {
                bases[codePoint] = Parse(sides[1]);
            }
        }

        return bases;
    }

    private static int Parse(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
