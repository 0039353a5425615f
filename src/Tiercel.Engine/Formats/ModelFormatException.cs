namespace Tiercel.Engine.Formats;

/// <summary>A model file that cannot be used; the message names the field or tensor that is wrong.</summary>
public sealed class ModelFormatException : Exception
{
    public ModelFormatException(string message)
        : base(message)
    {
    }

    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
