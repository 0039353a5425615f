namespace Tiercel.Simulation.Routing;

/// <summary>Block ids in the order of their last use.</summary>
internal sealed class BlockLru
{
    private readonly Dictionary<int, LinkedListNode<int>> _places = [];
    private readonly LinkedList<int> _order = [];

    public int Count => _places.Count;

    public bool Contains(int block) => _places.ContainsKey(block);

    public void Use(int block)
    {
        if (_places.TryGetValue(block, out LinkedListNode<int>? place))
        {
            _order.Remove(place);
            _order.AddLast(place);
        }
        else
        {
            _places.Add(block, _order.AddLast(block));
        }
    }

    /// <summary>Removes up to <paramref name="count"/> of the oldest that are not pinned, looking at no more than <paramref name="window"/>.</summary>
    public void Evict(int count, int window, Func<int, bool> isPinned)
    {
        LinkedListNode<int>? place = _order.First;
        while (count > 0 && window-- > 0 && place is not null)
        {
            LinkedListNode<int>? next = place.Next;
            if (!isPinned(place.Value))
            {
                _places.Remove(place.Value);
                _order.Remove(place);
                count--;
            }

            place = next;
        }
    }
}
