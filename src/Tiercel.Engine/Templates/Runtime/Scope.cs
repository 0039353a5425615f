using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>Variables of one block. Most hold few names, and a list of those is searched faster than a table; many names get a table.</summary>
internal sealed class Scope(Scope? parent)
{
    private const int ListedNames = 16;

    private readonly List<(string Name, Value Value)> _variables = [];
    private Dictionary<string, int>? _index;

    /// <summary>The scope around this one.</summary>
    public Scope? Parent { get; } = parent;

    public Value? Find(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            int index = scope.IndexOf(name);
            if (index >= 0)
            {
                return scope._variables[index].Value;
            }
        }

        return null;
    }

    /// <summary>Sets a variable here; one of the same name further out is hidden, not changed.</summary>
    public void Set(string name, Value value)
    {
        int index = IndexOf(name);
        if (index >= 0)
        {
            _variables[index] = (name, value);
        }
        else
        {
            _index?.Add(name, _variables.Count);
            _variables.Add((name, value));
            if (_variables.Count == ListedNames)
            {
                _index = Enumerable.Range(0, ListedNames).ToDictionary(i => _variables[i].Name);
            }
        }
    }

    private int IndexOf(string name)
    {
        if (_index is not null)
        {
            return _index.GetValueOrDefault(name, -1);
        }

        for (int i = 0; i < _variables.Count; i++)
        {
            if (_variables[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}
