using System.Text.RegularExpressions;

namespace Tiercel.Architecture.Tests;

/// <summary>Prose rots when nothing checks it: what the documents name must exist.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

    /// <summary>Words in backquotes that look like types but are the outside world's.</summary>
    private static readonly string[] Foreign =
        ["IChatClient", "IEmbeddingGenerator", "TimeProvider", "Utf8JsonReader", "MeterListener", "DOTNET_EnableAVX512", "DOTNET_EnableAVX2"];

    [Fact]
    public void EveryInvariantNamesATestThatExists()
    {
        string architecture = SourceTree.Read("ARCHITECTURE.md");
        string[] held = [.. HeldBy().Matches(architecture).Select(match => match.Groups["test"].Value)];
        Assert.True(held.Length >= 10, $"only {held.Length} invariants name a test");
        string tests = string.Join('\n', SourceTree.CSharpUnder("tests").Select(SourceTree.Read));
        Assert.Equal([], held.Where(name => !Exists(name, tests)));
    }

    [Fact]
    public void EveryTypeThatADocumentNamesExists()
    {
        string sources = string.Join('\n', SourceTree.Files.Where(file => file.EndsWith(".cs", StringComparison.Ordinal)).Select(SourceTree.Read));
        HashSet<string> types = [.. DeclaredType().Matches(sources).Select(match => match.Groups["name"].Value)];
        IEnumerable<string> missing = Documents
            .SelectMany(document => TypeInProse().Matches(SourceTree.Read(document)).Select(match => match.Groups["name"].Value))
            .Where(name => !Foreign.Contains(name) && !types.Contains(name));
        Assert.Equal([], missing.Distinct());
    }

    [Fact]
    public void EveryLinkToAFileLeadsSomewhere()
    {
        IEnumerable<string> broken = SourceTree.Files
            .Where(file => file.EndsWith(".md", StringComparison.Ordinal) && !file.StartsWith("models/tiercel-tiny", StringComparison.Ordinal))
            .SelectMany(file => Link().Matches(SourceTree.Read(file)).Select(match => (File: file, Target: match.Groups["target"].Value)))
            .Where(link => !link.Target.Contains("://", StringComparison.Ordinal) && !link.Target.StartsWith('#'))
            .Where(link => !Resolves(link.File, link.Target.Split('#')[0]))
            .Select(link => $"{link.File}: {link.Target}");
        Assert.Equal([], broken);
    }

    [Fact]
    public void ATestThatDoesNotExistIsNoticed() => Assert.False(Exists("NoSuchTests.HoldsNothing", "public sealed class OtherTests { }"));

    private static bool Exists(string name, string tests)
    {
        string[] parts = name.Split('.');
        return Regex.IsMatch(tests, $@"\bclass {parts[0]}\b") && (parts.Length == 1 || Regex.IsMatch(tests, $@"\b{parts[1]}\("));
    }

    private static bool Resolves(string file, string target)
        => Path.Exists(Path.Combine(Testing.TestFiles.RepositoryRoot, Path.GetDirectoryName(file) ?? "", target));

    [GeneratedRegex(@"\bby `(?<test>\w+Tests(\.\w+)?)`|\band `(?<test>\w+Tests(\.\w+)?)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex HeldBy();

    [GeneratedRegex(@"`(?<name>(?:[A-Z][a-z0-9]+){2,}|I[A-Z][a-z]\w+)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex TypeInProse();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?: struct| class)?) (?<name>\w+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex DeclaredType();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
