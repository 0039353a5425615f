using Tiercel.Engine.Templates.Runtime;

namespace Tiercel.Engine.Templates.Values;

/// <summary>A value of the template language, which is Python's data model without its objects.</summary>
internal abstract class Value
{
    /// <summary>What Python calls the type; error messages use it.</summary>
    public abstract string TypeName { get; }

    public abstract bool IsTrue { get; }

    public virtual bool IsCallable => false;

    /// <summary>A built-in method or attribute, or null. Template code reaches nothing but what these tables hold.</summary>
    public virtual Value? Member(string name) => null;

    public virtual Value Call(Execution run, CallArguments arguments) =>
        throw new ChatTemplateException($"'{TypeName}' object is not callable");

    /// <summary>The elements a loop goes over, or null when the value cannot be iterated.</summary>
    public virtual IReadOnlyList<Value>? Elements(Execution run) => null;

    /// <summary>Writes the value as Python's <c>str()</c> gives it.</summary>
    public abstract void Print(TextBuilder output);

    /// <summary>Writes the value as Python's <c>repr()</c> gives it, as it appears within a printed list.</summary>
    public virtual void PrintQuoted(TextBuilder output) => Print(output);

    public IReadOnlyList<Value> RequireElements(Execution run) =>
        Elements(run) ?? throw new ChatTemplateException($"'{TypeName}' object is not iterable");

    /// <summary>The value as text: itself, or what printing it gives.</summary>
    public TextValue ToText(Execution run)
    {
        if (this is TextValue text)
        {
            return text;
        }

        TextBuilder builder = new(run);
        Print(builder);
        return builder.ToText();
    }
}
