namespace Tiercel.Gateway.Routing;

/// <summary>The token blocks of one prompt, as the worker that computed it told them.</summary>
/// <param name="Blocks">Hashes of its full token blocks, each standing for all before it.</param>
/// <param name="Tokens">Tokens of the prompt.</param>
/// <param name="Bytes">Bytes of the prompt that they stand for.</param>
internal sealed record TokenChain(ulong[] Blocks, int Tokens, long Bytes)
{
    /// <summary>Neighbours in the order of use.</summary>
    public LinkedListNode<TokenChain>? Place { get; set; }

    /// <summary>Nodes of the tree that name this chain.</summary>
    public List<PromptNode> Nodes { get; } = [];

    /// <summary>Token blocks that lie within the first <paramref name="bytes"/> bytes, taking tokens as equally long.</summary>
    public int BlocksWithin(long bytes) => bytes >= Bytes ? Blocks.Length : (int)(Blocks.Length * (double)bytes / Math.Max(1, Bytes));
}
