namespace Tiercel.Gateway.Configuration.Shapes;

/// <summary>A group of known keys.</summary>
internal interface ISection
{
    string Title { get; }

    string Meaning { get; }

    IReadOnlyList<Key> Keys { get; }
}
