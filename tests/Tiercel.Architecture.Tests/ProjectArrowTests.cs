using System.Xml.Linq;
using Tiercel.Testing;

namespace Tiercel.Architecture.Tests;

/// <summary>Holds who may reference whom: arrows point down only, and the engine references nothing of ours.</summary>
public sealed class ProjectArrowTests
{
    /// <summary>Each project and all that it may name.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Tiercel.Engine"] = [],
        ["Tiercel.Protocols"] = ["Tiercel.Engine"],
        ["Tiercel.Gateway"] = ["Tiercel.Protocols", "Tiercel.Engine"],
        ["Tiercel.Simulation"] = ["Tiercel.Gateway", "Tiercel.Protocols", "Tiercel.Engine"],
        ["Tiercel.Cli"] = ["Tiercel.Simulation", "Tiercel.Gateway", "Tiercel.Protocols", "Tiercel.Engine"],
    };

    [Fact]
    public void EveryProjectReferencesOnlyWhatLiesBelowIt()
    {
        Dictionary<string, string[]> found = References();
        Assert.Equal(Allowed.Keys.Order(), found.Keys.Order());
        foreach ((string project, string[] references) in found)
        {
            Assert.Equal([], Forbidden(project, references));
        }
    }

    [Fact]
    public void AnArrowThatPointsUpIsFound()
        => Assert.Equal(["Tiercel.Gateway"], Forbidden("Tiercel.Engine", ["Tiercel.Gateway"]));

    [Fact]
    public void TheEngineAndTheProtocolsKnowNothingOfHttp()
    {
        foreach (string project in (string[])["Tiercel.Engine", "Tiercel.Protocols"])
        {
            XDocument file = Load(project);
            Assert.Empty(file.Descendants("FrameworkReference"));
            Assert.DoesNotContain(
                SourceTree.CSharpUnder($"src/{project}").Select(SourceTree.Read),
                text => text.Contains("using Microsoft.AspNetCore", StringComparison.Ordinal) || text.Contains("using System.Net", StringComparison.Ordinal));
        }
    }

    private static IEnumerable<string> Forbidden(string project, IEnumerable<string> references) => references.Except(Allowed[project]);

    private static Dictionary<string, string[]> References() => Directory
        .EnumerateDirectories(Path.Combine(TestFiles.RepositoryRoot, "src"))
        .Select(folder => Path.GetFileName(folder)!)
        .ToDictionary(project => project, project => Load(project)
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
            .ToArray());

    private static XDocument Load(string project) => XDocument.Load(Path.Combine(TestFiles.RepositoryRoot, "src", project, project + ".csproj"));
}
