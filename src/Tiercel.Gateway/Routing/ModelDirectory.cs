using System.Diagnostics.CodeAnalysis;
using Tiercel.Engine;
using Tiercel.Engine.Models;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Routing;

/// <summary>Which names are served, and by what.</summary>
internal sealed class ModelDirectory
{
    private readonly IInferenceEngine _engine;
    private readonly List<string> _names;

    public ModelDirectory(IInferenceEngine engine, IReadOnlyList<string> aliases)
    {
        _engine = engine;
        _names = [.. new[] { engine.Model.Name }.Concat(aliases).Distinct(StringComparer.Ordinal)];
    }

    public IEnumerable<(string Name, ModelDescription Model)> All => _names.Select(name => (name, _engine.Model));

    /// <summary>Finds the engine behind a name; no name means the only model. A gateway of the fleet has resolved the name already: it means the only model, too.</summary>
    public bool TryResolve(string? name, [NotNullWhen(true)] out IInferenceEngine? engine, [NotNullWhen(false)] out ApiError? error)
    {
        bool known = name is null || _names.Contains(name, StringComparer.Ordinal);
        engine = known ? _engine : null;
        error = known ? null : ApiErrors.ModelNotFound(name!);
        return known;
    }
}
