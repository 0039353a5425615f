namespace Tiercel.Cli.ModelStore;

/// <summary>The files of one variant of a model, chosen from all that its repository holds.</summary>
/// <param name="Files">One, or all shards in order.</param>
internal sealed record VariantChoice(string? Quantization, IReadOnlyList<HubFile> Files)
{
    private const int ListedNames = 30;

    /// <summary>What is taken when nothing is asked for: good quality for the size first, then what is fastest to load as it is.</summary>
    private static readonly string[] DefaultOrder =
    [
        "Q4_K_M", "Q8_0", "Q4_0", "Q4_K_S", "Q5_K_M", "Q6_K", "Q4_1", "Q5_K_S", "Q5_0", "Q5_1", "IQ4_NL", "IQ4_XS", "MXFP4", "MXFP4_MOE", "Q3_K_M", "F16",
        "BF16", "F32",
    ];

    /// <summary>Chooses by quantization, by file name, or by the default order.</summary>
    /// <exception cref="ModelStoreException">Nothing fits, or more than one does; the message lists what there is.</exception>
    public static VariantChoice Of(HubRepository repository, string? wanted)
    {
        List<Candidate> candidates = [.. Candidates(repository)];
        if (candidates.Count == 0)
        {
            throw new ModelStoreException($"{repository.Name} has no GGUF model files");
        }

        List<Candidate> fitting = wanted is null ? Default(candidates) : Fitting(candidates, wanted);
        return fitting switch
        {
            [var one] => one.Complete(repository),
            [] when wanted is null => throw new ModelStoreException($"{repository.Name} has several models; name one: {Names(candidates)}"),
            [] => throw new ModelStoreException($"{repository.Name} has no '{StorePaths.Show(wanted)}'; it has {Names(candidates)}"),
            _ => throw new ModelStoreException($"{repository.Name} has several files for that; name one: {string.Join(", ", fitting.Select(Full))}"),
        };
    }

    private static IEnumerable<Candidate> Candidates(HubRepository repository)
        => from file in repository.Files
           let name = GgufFileName.Of(file.Path)
           where name is { IsModel: true }
           group (file, name) by (Folder: file.Path[..(file.Path.LastIndexOf('/') + 1)], name.Stem, name.Quantization, name.ShardCount) into shards
           orderby shards.Key.Folder, shards.Key.Stem
           select new Candidate(shards.Key.Quantization, shards.Key.ShardCount, [.. shards.OrderBy(shard => shard.name.Shard)]);

    private static List<Candidate> Default(List<Candidate> candidates)
    {
        string? best = DefaultOrder.FirstOrDefault(name => candidates.Any(candidate => candidate.Quantization == name));
        return best is null && candidates.Count == 1 ? candidates : candidates.FindAll(candidate => best is not null && candidate.Quantization == best);
    }

    private static List<Candidate> Fitting(List<Candidate> candidates, string wanted)
    {
        string upper = wanted.ToUpperInvariant();
        Func<Candidate, bool>[] ways =
        [
            candidate => candidate.Quantization == upper,
            candidate => candidate.Quantization == $"UD-{upper}",
            candidate => candidate.Shards.Any(shard => string.Equals(shard.File.Path, wanted, StringComparison.Ordinal)),
            candidate => candidate.Shards.Any(shard => string.Equals(FileOf(shard.File), wanted, StringComparison.OrdinalIgnoreCase)),
            candidate => string.Equals(candidate.Shards[0].Name.Stem, wanted, StringComparison.OrdinalIgnoreCase),
        ];
        return ways.Select(way => candidates.Where(way).ToList()).FirstOrDefault(fitting => fitting.Count > 0) ?? [];
    }

    private static string Names(List<Candidate> candidates)
    {
        List<string> names = [.. candidates.Select(candidate => candidate.Quantization ?? FileOf(candidate.Shards[0].File)).Distinct().Order()];
        string listed = string.Join(", ", names.Take(ListedNames));
        return names.Count <= ListedNames ? listed : $"{listed} and {names.Count - ListedNames} more";
    }

    private static string Full(Candidate candidate) => candidate.Shards[0].File.Path;

    private static string FileOf(HubFile file) => file.Path[(file.Path.LastIndexOf('/') + 1)..];

    private sealed record Candidate(string? Quantization, int ShardCount, List<(HubFile File, GgufFileName Name)> Shards)
    {
        public VariantChoice Complete(HubRepository repository)
        {
            bool complete = Shards.Count == ShardCount && Shards.Select((shard, index) => shard.Name.Shard == index + 1).All(right => right);
            return complete
                ? new VariantChoice(Quantization, [.. Shards.Select(shard => shard.File)])
                : throw new ModelStoreException($"{repository.Name} holds {Shards.Count} of the {ShardCount} files of {FileOf(Shards[0].File)}");
        }
    }
}
