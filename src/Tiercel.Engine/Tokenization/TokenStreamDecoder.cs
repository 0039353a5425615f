namespace Tiercel.Engine.Tokenization;

/// <summary>Decodes one stream token by token and never emits half a character.</summary>
public abstract class TokenStreamDecoder
{
    /// <summary>Takes one token and returns the text that is certain now; may be empty while a character is incomplete.</summary>
    public abstract string Push(int token);

    /// <summary>Ends the stream: what is left of an incomplete character comes out as U+FFFD.</summary>
    public abstract string Flush();
}
