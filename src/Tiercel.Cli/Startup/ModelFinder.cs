using Tiercel.Cli.ModelStore;

namespace Tiercel.Cli.Startup;

/// <summary>From what the user calls a model to its file.</summary>
internal static class ModelFinder
{
    private const string BundledFile = "tiercel-tiny-q8_0.gguf";

    /// <summary>The store of this user, and the model that comes with the program.</summary>
    public static LocalModelStore Store(CliEnvironment environment) => new(LocalModelStore.DefaultFolder(environment.Variable), FindBundled());

    /// <summary>Finds a model by name or file; null means the bundled one.</summary>
    /// <exception cref="ModelStoreException">There is no such model, or several.</exception>
    /// <exception cref="UserErrorException">Some of its files are missing.</exception>
    public static StoredModel Find(CliEnvironment environment, string? name)
    {
        try
        {
            StoredModel model = Store(environment).Find(name ?? LocalModelStore.BundledName);
            return File.Exists(model.Path) ? model : throw new UserErrorException($"{model.Name}: {model.Problem ?? $"{model.Path} is missing"}");
        }
        catch (ModelStoreException error) when (name is not null && HubModelName.TryParse(name, out _) && !File.Exists(name))
        {
            throw new UserErrorException($"{error.Message}; to fetch it: tiercel pull {name}");
        }
    }

    /// <summary>Beside the program, or in the repository that it was built in.</summary>
    private static string? FindBundled()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "models", BundledFile);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
