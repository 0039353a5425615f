using System.IO.Compression;
using System.Text.Json;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Tokenization;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>Reads the golden token ids and the vocabularies that belong to them.</summary>
internal static class GoldenTokens
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static string[] ReadStrings(string path) => JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(path), Options)!;

    public static GoldenRow[] ReadRows(string path) => Read(path, "rows");

    public static GoldenRow[] Read(string path, params string[] properties)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement element = document.RootElement;
        foreach (string property in properties)
        {
            element = element.GetProperty(property);
        }

        return element.Deserialize<GoldenRow[]>(Options)!;
    }

    public static Tokenizer Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return Tokenizer.Create(file.Metadata);
    }

    public static Tokenizer OpenCompressed(string path)
    {
        string unpacked = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".gguf");
        try
        {
            using (FileStream packed = File.OpenRead(path))
            using (GZipStream stream = new(packed, CompressionMode.Decompress))
            using (FileStream target = File.Create(unpacked))
            {
                stream.CopyTo(target);
            }

            return Open(unpacked);
        }
        finally
        {
            File.Delete(unpacked);
        }
    }

    /// <summary>A vocabulary of the repository's own test data.</summary>
    public static Tokenizer OpenSmall(string name) => Open(TestFiles.Data("tokenizer", name + ".gguf"));

    public static void AssertEncodes(Tokenizer tokenizer, string[] strings, GoldenRow[] rows)
    {
        Assert.Equal(strings.Length, rows.Length);
        List<string> wrong = [];
        for (int i = 0; i < rows.Length; i++)
        {
            Check(wrong, i, "plain", strings[i], rows[i].Plain, tokenizer.Encode(strings[i], parseSpecial: false, addSpecial: false));
            Check(wrong, i, "special", strings[i], rows[i].Special, tokenizer.Encode(strings[i], parseSpecial: true, addSpecial: false));
            Check(wrong, i, "bos", strings[i], rows[i].Bos, tokenizer.Encode(strings[i], parseSpecial: true, addSpecial: true));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Decoding gives the string back wherever llama.cpp does. It also does where llama.cpp tidies spaces before punctuation away, which loses text.</summary>
    public static void AssertRoundTrips(Tokenizer tokenizer, string[] strings, GoldenRow[] rows, bool spaceMarkIsSpace)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            string decoded = tokenizer.Decode(rows[i].Plain, renderSpecial: true);
            if (spaceMarkIsSpace)
            {
                Assert.Equal(rows[i].Round, decoded == strings[i]);
            }
            else
            {
                Assert.Equal(strings[i], decoded);
            }
        }
    }

    private static void Check(List<string> wrong, int index, string kind, string text, int[] expected, int[] actual)
    {
        if (!expected.AsSpan().SequenceEqual(actual))
        {
            wrong.Add($"{index} {kind} {JsonSerializer.Serialize(text)}: expected {string.Join(',', expected)}; got {string.Join(',', actual)}");
        }
    }
}
