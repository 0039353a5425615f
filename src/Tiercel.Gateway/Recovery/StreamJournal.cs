namespace Tiercel.Gateway.Recovery;

/// <summary>
/// What of a stream has reached the client: for each choice the tokens behind the text, and whether it has ended. All that an exact resume needs besides the
/// body. Tokens are written down only with the event that is forwarded.
/// </summary>
/// <param name="choices">Choices of the answer (n × prompts).</param>
/// <param name="maxTokens">Tokens kept in all; a stream that outgrows it goes on, but cannot be resumed.</param>
internal sealed class StreamJournal(int choices, int maxTokens = StreamJournal.DefaultMaxTokens) : IDisposable
{
    public const int DefaultMaxTokens = 1 << 20;

    public int Choices => choices;

    /// <summary>Something of the answer's body has reached the client.</summary>
    public bool AnyByte { get; private set; }

    /// <summary>Each choice's first chunk, which says the role, has reached the client.</summary>
    public bool RoleSent { get; private set; }

    /// <summary>Text or tokens have reached the client.</summary>
    public bool AnyContent { get; private set; }

    /// <summary>Tokens are known for all content (a Tiercel worker told them), within the limit.</summary>
    public bool HasTokens { get; private set; }

    public bool AllFinished { get; private set; }

    public long TotalTokens { get; private set; }

    /// <summary>Times the stream was resumed.</summary>
    public int Resumes { get; private set; }

    /// <summary>An event goes to the client.</summary>
    /// <returns>False when the worker contradicts itself (a choice that is not there, or tokens after its end): the event must not be forwarded.</returns>
    public bool TryForward(int choice, ReadOnlySpan<int> tokens, bool content, bool finished) => throw new NotSupportedException();

    /// <summary>An event without content goes to the client: a role chunk, a comment, a usage chunk.</summary>
    public void Forward(bool role) => throw new NotSupportedException();

    /// <summary>Text of the only choice, as it stands between the quotes of its JSON string, for <see cref="ResumeKind.ContinueMessage"/>.</summary>
    public void AppendText(ReadOnlySpan<byte> escaped) => throw new NotSupportedException();

    public ReadOnlyMemory<byte> EscapedText => throw new NotSupportedException();

    public ReadOnlySpan<int> Tokens(int choice) => throw new NotSupportedException();

    public bool IsFinished(int choice) => throw new NotSupportedException();

    /// <summary>The stream goes on at another worker.</summary>
    public void Resumed() => throw new NotSupportedException();

    /// <inheritdoc />
    public void Dispose() => throw new NotSupportedException();

    internal int Limit => maxTokens;
}
