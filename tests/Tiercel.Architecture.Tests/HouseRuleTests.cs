using System.Text.RegularExpressions;

namespace Tiercel.Architecture.Tests;

/// <summary>Holds the rules of the house that a machine can judge.</summary>
public sealed partial class HouseRuleTests
{
    private static readonly string[] UnsafeFolders = ["src/Tiercel.Engine/Kernels/", "src/Tiercel.Engine/KvCache/", "src/Tiercel.Engine/Formats/"];

    private static readonly string[] EmptyNames = ["Helpers", "Helper", "Utils", "Util", "Utilities", "Managers", "Common", "Misc"];

    [Fact]
    public void UnsafeCodeStaysInKernelsKvCacheAndFormats()
        => Assert.Equal([], SourceTree.CSharpUnder("src")
            .Where(file => !UnsafeFolders.Any(folder => file.StartsWith(folder, StringComparison.Ordinal)))
            .Where(file => UnsafeKeyword().IsMatch(SourceTree.Read(file))));

    [Fact]
    public void AFileHoldsOnePublicType()
        => Assert.Equal([], SourceTree.CSharpUnder("src")
            .Where(file => PublicType().Count(SourceTree.Read(file)) > 1));

    [Fact]
    public void AFileIsNamedAfterItsPublicType()
        => Assert.Equal([], SourceTree.CSharpUnder("src")
            .Select(file => (File: file, Type: PublicType().Match(SourceTree.Read(file))))
            .Where(entry => entry.Type.Success && !Path.GetFileName(entry.File).Split('.')[0].Equals(entry.Type.Groups["name"].Value, StringComparison.Ordinal))
            .Select(entry => entry.File));

    [Fact]
    public void NamesSayWhatAThingDoes()
        => Assert.Equal([], SourceTree.Files
            .Where(file => file.StartsWith("src/", StringComparison.Ordinal) || file.StartsWith("tests/", StringComparison.Ordinal))
            .Where(file => file.Split('/', '.').Any(part => EmptyNames.Contains(part) || part.EndsWith("Helper", StringComparison.Ordinal)
                || part.EndsWith("Helpers", StringComparison.Ordinal) || part.EndsWith("Utils", StringComparison.Ordinal))));

    [Fact]
    public void SourceFilesCanBeReadInOneSitting()
        => Assert.Equal([], SourceTree.CSharpUnder("src").Where(file => SourceTree.ReadLines(file).Length > 600));

    [Fact]
    public void NothingNamesAMachineOrIsLeftForLater()
        => Assert.Equal([], SourceTree.Files
            .Where(file => Path.GetExtension(file) is ".cs" or ".md" or ".sh" or ".csproj" or ".props" or ".json" or ".yml" or "")
            .Where(file => !file.EndsWith("HouseRuleTests.cs", StringComparison.Ordinal) && Path.GetFileName(file) != "LICENSE")
            .Where(file => Forbidden().IsMatch(SourceTree.Read(file))));

    [GeneratedRegex(@"\bunsafe\b(?!\s*(only|code))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex UnsafeKeyword();

    [GeneratedRegex(
        @"^public (?:(?:static|sealed|abstract|readonly|ref|partial|unsafe) )*(?:class|struct|interface|enum|record(?: struct| class)?|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"\bFIXME\b|\bTODO\b|NotImplementedException|/home/\w+/|/root/", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Forbidden();
}
