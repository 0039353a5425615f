namespace Tiercel.Testing;

/// <summary>Finds the files tests read: those of the repository, and the larger ones that lie beside a checkout on some machines.</summary>
public static class TestFiles
{
    /// <summary>The folder that holds Tiercel.slnx.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>A file under <c>tests/data</c>, which is part of the repository.</summary>
    public static string Data(params string[] path) => Path.Combine([RepositoryRoot, "tests", "data", .. path]);

    /// <summary>
    /// A file or folder of the large test data (<c>../shared</c> beside the checkout, or the folder that TIERCEL_TEST_DATA names). Where it is absent the
    /// calling test is skipped, and says which file it missed.
    /// </summary>
    public static string Shared(params string[] path)
    {
        string? root = Environment.GetEnvironmentVariable("TIERCEL_TEST_DATA");
        string full = Path.Combine([root ?? Path.Combine(RepositoryRoot, "..", "shared"), .. path]);
        if (!Path.Exists(full))
        {
            Assert.Skip($"needs '{string.Join('/', path)}' of the large test data (TIERCEL_TEST_DATA or ../shared), which is not on this machine");
        }

        return Path.GetFullPath(full);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Tiercel.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
