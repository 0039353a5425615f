using System.Security.Cryptography;
using System.Text;
using Tiercel.Gateway.Configuration.Yaml;

namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>What reading one file gathers: errors, notes, and the values in force.</summary>
internal sealed class ReadingContext(string file, ReferenceResolver references, IncrementalHash fingerprint)
{
    /// <summary>A file with more is not the file somebody meant.</summary>
    private const int MaxErrors = 100;

    private readonly List<ConfigurationError> _errors = [];
    private readonly Dictionary<string, List<string>> _defined = new(StringComparer.Ordinal);
    private readonly List<(string Kind, string Name, YamlNode Node, string Path)> _mentioned = [];
    private readonly Dictionary<(string Kind, string Identity), string> _claims = [];
    private int _errorsLeftOut;

    public ReferenceResolver References => references;

    /// <summary>Where the engine of the process is spoken of, as the error for a process that has none.</summary>
    public ConfigurationError? WantsEngine { get; private set; }

    public List<ConfigurationError> Notes { get; } = [];

    public List<(string Path, ConfigurationValue Value)> Values { get; } = [];

    public bool HasErrors => _errors.Count > 0;

    /// <summary>The errors in the order of the file.</summary>
    public IReadOnlyList<ConfigurationError> Errors()
    {
        IEnumerable<ConfigurationError> ordered = _errors.OrderBy(error => error.Line).ThenBy(error => error.Column);
        return _errorsLeftOut == 0
            ? [.. ordered]
            : [.. ordered, new ConfigurationError(file, 0, 0, "", FormattableString.Invariant($"and {_errorsLeftOut} more"))];
    }

    public void Error(YamlNode node, string path, string reason) => Error(node.Line, node.Column, path, reason);

    public void Error(int line, int column, string path, string reason)
    {
        if (_errors.Count == MaxErrors)
        {
            _errorsLeftOut++;
            return;
        }

        _errors.Add(new ConfigurationError(file, line, column, path, reason));
    }

    public void Note(YamlNode node, string path, string reason)
    {
        if (Notes.Count < MaxErrors)
        {
            Notes.Add(new ConfigurationError(file, node.Line, node.Column, path, reason));
        }
    }

    public void Keep(string path, string text, bool needsRestart, bool isDefault) =>
        Values.Add((path, new ConfigurationValue(text, needsRestart) { IsDefault = isDefault }));

    /// <summary>The file speaks of the engine of the process, which not every process has.</summary>
    public void WantEngine(YamlNode node, string path) =>
        WantsEngine ??= new ConfigurationError(file, node.Line, node.Column, path, "is the engine of this process, which has none: start it with tiercel serve --config");

    /// <summary>There is a thing of this name, be it right or wrong in itself.</summary>
    public void Define(string kind, string name)
    {
        if (!_defined.TryGetValue(kind, out List<string>? names))
        {
            _defined[kind] = names = [];
        }

        names.Add(name);
    }

    /// <summary>A thing of this name is spoken of, and must exist somewhere in the file.</summary>
    public void Mention(string kind, string name, YamlNode node, string path) => _mentioned.Add((kind, name, node, path));

    /// <summary>Takes what only one may have.</summary>
    /// <returns>Who has it already, else null.</returns>
    public string? Claim(string kind, string identity, string path) => _claims.TryAdd((kind, identity), path) ? null : _claims[(kind, identity)];

    /// <summary>Reports names that nothing bears.</summary>
    public void CheckMentions()
    {
        foreach ((string kind, string name, YamlNode node, string path) in _mentioned)
        {
            IReadOnlyCollection<string> known = _defined.GetValueOrDefault(kind) ?? [];
            if (!known.Contains(name))
            {
                Error(node, path, $"there is no {kind} '{name}'{NearestName.Suggest(name, known)}");
            }
        }
    }

    /// <summary>Makes a secret part of what tells one state of the file from another, so that a new one in the same place is noticed.</summary>
    public void Remember(string secret) => fingerprint.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
