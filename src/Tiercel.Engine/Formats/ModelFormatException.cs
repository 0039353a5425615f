namespace Tiercel.Engine.Formats;

/// <summary>A model file that cannot be used; the message names the field or tensor that is wrong, and is harmless whatever it quotes of the file.</summary>
public sealed class ModelFormatException : Exception
{
    public ModelFormatException(string message)
        : base(HarmlessText.Of(message))
    {
    }

    public ModelFormatException(string message, Exception innerException)
        : base(HarmlessText.Of(message), innerException)
    {
    }
}
