namespace Tiercel.Gateway.Upstreams;

/// <summary>Which API a body belongs to, and so where its prompt is.</summary>
internal enum BodyKind
{
    /// <summary>The prompt is in <c>messages</c>.</summary>
    Chat,

    /// <summary>The prompt is in <c>prompt</c>.</summary>
    Completion,

    /// <summary>The prompt is in <c>input</c>.</summary>
    Embeddings,
}
