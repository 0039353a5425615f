using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tiercel.Gateway.Configuration.Yaml;

/// <summary>
/// Makes a tree of a parser's events. The library's own tree is not used: it is built by recursion without a bound, and it knows no place for a key that
/// is given twice.
/// </summary>
internal sealed class YamlComposer
{
    private const int MaxDepth = 32;

    /// <summary>With every alias counted in full, so that a few lines of aliases to aliases do not become a billion values.</summary>
    private const long MaxNodes = 200_000;

    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private readonly Parser _parser;
    private long _nodes;

    private YamlComposer(string text)
    {
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>Reads the one document of a file; null where it is empty.</summary>
    /// <exception cref="YamlRefusedException">It is no YAML, or beyond the limits.</exception>
    public static YamlNode? Compose(string text)
    {
        YamlComposer composer = new(text);
        try
        {
            return composer.Document();
        }
        catch (YamlException error)
        {
            // What the library says quotes no values, and names its place once more where it is asked for the whole text.
            throw new YamlRefusedException((int)error.Start.Line, (int)error.Start.Column, $"is no YAML: {error.Message.TrimEnd('.')}");
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            // The library's scanner trips over some broken files instead of refusing them.
            Mark last = composer._parser.Current?.End ?? Mark.Empty;
            throw new YamlRefusedException((int)last.Line, (int)last.Column, "is no YAML from here on");
        }
    }

    private YamlNode? Document()
    {
        YamlNode? root = null;
        int documents = 0;
        while (_parser.MoveNext())
        {
            switch (_parser.Current)
            {
                case DocumentStart start:
                    if (++documents > 1)
                    {
                        throw Refuse(start, "a second document begins here; a configuration is one");
                    }

                    break;
                case StreamStart or StreamEnd or DocumentEnd or Comment:
                    break;
                case ParsingEvent begin:
                    root = Node(begin, 1);
                    break;
            }
        }

        return root is YamlScalar { IsNull: true } ? null : root;
    }

    private YamlNode Node(ParsingEvent begin, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Refuse(begin, $"is nested more than {MaxDepth} deep");
        }

        if (begin is NodeEvent { Tag.IsEmpty: false, Tag.IsNonSpecific: false })
        {
            throw Refuse(begin, "has a tag (!…), which nothing here understands");
        }

        YamlNode node = begin switch
        {
            Scalar scalar => new YamlScalar(Line(begin), Column(begin), scalar.Value, scalar.Style == ScalarStyle.Plain),
            SequenceStart => List(begin, depth),
            MappingStart => Map(begin, depth),
            AnchorAlias alias => Named(alias, depth),
            _ => throw Refuse(begin, "is not expected here"),
        };
        _nodes += begin is AnchorAlias ? node.Size : 1;
        if (_nodes > MaxNodes)
        {
            throw Refuse(begin, $"makes more than {MaxNodes} values, aliases counted in full");
        }

        if (begin is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            _anchors[anchored.Anchor.Value] = node;
        }

        return node;
    }

    private YamlList List(ParsingEvent begin, int depth)
    {
        List<YamlNode> items = [];
        for (ParsingEvent next = Next(); next is not SequenceEnd; next = Next())
        {
            items.Add(Node(next, depth + 1));
        }

        return new YamlList(Line(begin), Column(begin), items);
    }

    private YamlMap Map(ParsingEvent begin, int depth)
    {
        List<(YamlScalar, YamlNode)> entries = [];
        for (ParsingEvent next = Next(); next is not MappingEnd; next = Next())
        {
            YamlScalar key = Node(next, depth + 1) as YamlScalar ?? throw Refuse(next, "a key must be a plain name");
            entries.Add((key, Node(Next(), depth + 1)));
        }

        return new YamlMap(Line(begin), Column(begin), entries);
    }

    private YamlNode Named(AnchorAlias alias, int depth)
    {
        // An anchor is known once its node is whole, so that nothing can hold itself.
        if (!_anchors.TryGetValue(alias.Value.Value, out YamlNode? node))
        {
            throw Refuse(alias, "is an alias of nothing that ends before it");
        }

        return depth + node.Height - 1 <= MaxDepth ? node : throw Refuse(alias, $"is nested more than {MaxDepth} deep");
    }

    private ParsingEvent Next()
    {
        do
        {
            _parser.MoveNext();
        }
        while (_parser.Current is Comment);

        return _parser.Current ?? throw new YamlRefusedException(0, 0, "ends too early");
    }

    private static int Line(ParsingEvent place) => (int)place.Start.Line;

    private static int Column(ParsingEvent place) => (int)place.Start.Column;

    private static YamlRefusedException Refuse(ParsingEvent place, string reason) => new(Line(place), Column(place), reason);
}
