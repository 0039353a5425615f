using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>Variables of one block. Scopes hold few names, so that a list is searched faster than a table.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly List<(string Name, Value Value)> _variables = [];

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
            _variables.Add((name, value));
        }
    }

    /// <summary>The scope around this one.</summary>
    public Scope? Parent { get; } = parent;

    private int IndexOf(string name)
    {
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
