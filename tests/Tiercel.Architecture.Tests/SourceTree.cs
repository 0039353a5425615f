using Tiercel.Testing;

namespace Tiercel.Architecture.Tests;

/// <summary>The repository's own files, as the tests of this project read them. Build outputs and installed packages are left out.</summary>
internal static class SourceTree
{
    private static readonly string[] Ignored = ["bin", "obj", "node_modules", ".git", "artifacts", "TestResults"];

    /// <summary>Paths relative to the repository's root, with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(TestFiles.RepositoryRoot).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> CSharpUnder(string folder) => Files.Where(file =>
        file.StartsWith(folder + "/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(TestFiles.RepositoryRoot, file));

    public static string[] ReadLines(string file) => File.ReadAllLines(Path.Combine(TestFiles.RepositoryRoot, file));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            yield return Path.GetRelativePath(TestFiles.RepositoryRoot, file).Replace('\\', '/');
        }

        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            if (!Ignored.Contains(Path.GetFileName(child)))
            {
                foreach (string file in Walk(child))
                {
                    yield return file;
                }
            }
        }
    }
}
