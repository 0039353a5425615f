namespace Tiercel.Bench.Engine.Peer;

/// <summary>Where the peer's libraries are, and how to get them.</summary>
internal static class PeerFolder
{
    public const string HowToGet = "to measure llama.cpp too: npm install --prefix artifacts/peer @node-llama-cpp/linux-x64@3.22.1 (or --peer FOLDER with its libllama.v0.5.0.so)";

    private const string Library = "libllama.v0.5.0.so";

    /// <summary>The folder with the libraries, or null.</summary>
    public static string? Find(string? wanted)
    {
        string installed = Path.Combine("node_modules", "@node-llama-cpp", "linux-x64", "bins", "linux-x64");
        List<string> candidates = wanted is not null ? [wanted, Path.Combine(wanted, "bins", "linux-x64")] : [];
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); wanted is null && folder is not null; folder = folder.Parent)
        {
            candidates.Add(Path.Combine(folder.FullName, "artifacts", "peer", installed));
        }

        return candidates.Select(Path.GetFullPath).FirstOrDefault(folder => File.Exists(Path.Combine(folder, Library)));
    }
}
