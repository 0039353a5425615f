namespace Tiercel.Cli.ModelStore;

/// <summary>Something about a stored or pulled model that the user can act on; the message is one line and complete.</summary>
internal sealed class ModelStoreException : Exception
{
    public ModelStoreException(string message)
        : base(message)
    {
    }

    public ModelStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
