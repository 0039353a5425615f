namespace Tiercel.Gateway.Configuration;

/// <summary>Finds what <c>env:NAME</c> and <c>file:PATH</c> stand for. What it says of a failure names the reference, never a value.</summary>
public sealed class ReferenceResolver
{
    private const int MaxSecretBytes = 64 << 10;
    private readonly Func<string, string?>? _variable;
    private readonly string _folder;

    /// <param name="variable">Reads an environment variable.</param>
    /// <param name="folder">Where relative paths begin: the folder of the configuration file.</param>
    public ReferenceResolver(Func<string, string?> variable, string folder)
    {
        _variable = variable;
        _folder = folder;
    }

    private ReferenceResolver()
    {
        _folder = ".";
    }

    /// <summary>Looks nothing up: secrets are empty, files are believed to exist.</summary>
    public static ReferenceResolver None { get; } = new();

    /// <summary>Whether references are looked up at all.</summary>
    public bool LooksUp => _variable is not null;

    /// <summary>The environment and the files of this process.</summary>
    public static ReferenceResolver OfProcess(string folder) => new(Environment.GetEnvironmentVariable, folder);

    /// <summary>A path of the configuration file, absolute where references are looked up.</summary>
    internal string FullPath(string path) => LooksUp ? Path.GetFullPath(path, Path.GetFullPath(_folder)) : path;

    /// <summary>The secret that a reference stands for, without surrounding white space.</summary>
    internal bool TryFind(string reference, out string value, out string reason)
    {
        (value, reason) = ("", "");
        if (_variable is null)
        {
            return true;
        }

        string name = reference[(reference.IndexOf(':', StringComparison.Ordinal) + 1)..];
        value = reference.StartsWith("env:", StringComparison.Ordinal) ? FromEnvironment(name, ref reason) : FromFile(name, ref reason);
        value = value.Trim();
        if (reason.Length == 0 && value.Length == 0)
        {
            reason = $"{reference} is empty";
        }

        return reason.Length == 0;
    }

    private string FromEnvironment(string name, ref string reason)
    {
        string? value = _variable!(name);
        reason = value is null ? $"the environment variable {name} is not set" : "";
        return value ?? "";
    }

    private string FromFile(string name, ref string reason)
    {
        try
        {
            FileInfo file = new(FullPath(name));
            if (file.Exists && file.Length > MaxSecretBytes)
            {
                reason = $"file {name} is larger than {MaxSecretBytes >> 10} KiB, which is no secret";
                return "";
            }

            return File.ReadAllText(file.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            reason = error is FileNotFoundException or DirectoryNotFoundException ? $"file {name} does not exist" : $"file {name} cannot be read";
            return "";
        }
    }
}
