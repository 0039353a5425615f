using Tiercel.Protocols.Reading;
using Tiercel.Testing;

namespace Tiercel.Protocols.Tests.Reading;

public sealed class ParameterDocumentTests
{
    /// <summary>With TIERCEL_WRITE_DOCS=1 the document is written anew, and the test then holds it like any other.</summary>
    [Fact]
    public void The_document_says_what_the_code_does()
    {
        string path = Path.Combine(TestFiles.RepositoryRoot, "docs", "api-parameters.md");
        if (Environment.GetEnvironmentVariable("TIERCEL_WRITE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, ParameterDocument.Markdown());
        }

        Assert.Equal(ParameterDocument.Markdown(), File.ReadAllText(path));
    }
}
