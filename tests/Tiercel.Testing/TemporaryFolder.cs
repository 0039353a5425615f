namespace Tiercel.Testing;

/// <summary>An empty folder of its own for one test, removed with all in it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder()
    {
        Path = Directory.CreateTempSubdirectory("tiercel-test-").FullName;
    }

    public string Path { get; }

    public string File(params string[] path) => System.IO.Path.Combine([Path, .. path]);

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
