using System.Text.Json;

namespace Tiercel.Cli.ModelStore;

/// <summary>Reads and writes the record that lies beside a model's first file.</summary>
internal static class ModelRecordFiles
{
    private const int MaxBytes = 1 << 20;

    public static string PathOf(string model) => $"{model}.json";

    /// <summary>The record at a path; null where there is none or it cannot be read.</summary>
    /// <param name="problem">What is wrong with it.</param>
    public static ModelRecord? Read(string path, out string? problem)
    {
        problem = null;
        FileInfo file = new(path);
        if (!file.Exists)
        {
            return null;
        }

        try
        {
            if (file.Length <= MaxBytes
                && JsonSerializer.Deserialize(File.ReadAllBytes(path), ModelStoreJson.Default.ModelRecord) is { Repository: not null, Files.Count: > 0 } record
                && record.Files.All(recorded => recorded is { Path: not null, Sha256: not null }))
            {
                return record;
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            // Told below: the model itself can still be used.
        }

        problem = $"its record {path} cannot be read";
        return null;
    }

    /// <summary>Writes beside and moves into place, so that a reader never sees half a record.</summary>
    public static void Write(string path, ModelRecord record)
    {
        string unfinished = $"{path}.new";
        File.WriteAllBytes(unfinished, JsonSerializer.SerializeToUtf8Bytes(record, ModelStoreJson.Default.ModelRecord));
        File.Move(unfinished, path, overwrite: true);
    }
}
