using System.Buffers;

namespace Tiercel.Gateway.Recovery;

/// <summary>
/// What of a stream has reached the client: for each choice the tokens behind the text, and whether it has ended. All that an exact resume needs besides the
/// body. Tokens are written down only with the event that is forwarded. Not thread-safe; belongs to one request.
/// </summary>
/// <param name="choices">Choices of the answer (n × prompts).</param>
/// <param name="maxTokens">Tokens kept in all; a stream that outgrows it goes on, but cannot be resumed.</param>
/// <param name="maxTextBytes">Bytes of text kept for <see cref="ResumeKind.ContinueMessage"/>; the same holds.</param>
internal sealed class StreamJournal(
    int choices, int maxTokens = StreamJournal.DefaultMaxTokens, int maxTextBytes = StreamJournal.DefaultMaxTextBytes) : IDisposable
{
    public const int DefaultMaxTokens = 1 << 20;

    public const int DefaultMaxTextBytes = 1 << 20;

    private const int FirstTokens = 64;
    private const int FirstTextBytes = 512;

    private readonly Choice[] _choices = new Choice[choices];
    private byte[] _text = [];
    private int _textLength;
    private bool _tokensMissing;
    private bool _textMissing;
    private bool _disposed;

    public int Choices => choices;

    /// <summary>Something of the answer's body has reached the client.</summary>
    public bool AnyByte { get; private set; }

    /// <summary>A chunk that says the role has reached the client.</summary>
    public bool RoleSent { get; private set; }

    /// <summary>Text or tokens have reached the client.</summary>
    public bool AnyContent { get; private set; }

    /// <summary>Events with content that have reached the client; each stands for a token at least.</summary>
    public long ContentEvents { get; private set; }

    /// <summary>The tokens behind all that the client has are known: a Tiercel worker told them, and they are within the limit.</summary>
    public bool HasTokens => !_tokensMissing && (TotalTokens > 0 || !AnyContent);

    /// <summary>The text of the only choice is known whole.</summary>
    public bool HasText => !_textMissing && choices == 1;

    public int FinishedChoices { get; private set; }

    public bool AllFinished => FinishedChoices == choices;

    /// <summary>Tokens of all choices that have reached the client.</summary>
    public long TotalTokens { get; private set; }

    /// <summary>Times the stream was resumed.</summary>
    public int Resumes { get; private set; }

    /// <summary>Times in a row that it was resumed and broke again before anything new came.</summary>
    public int ResumesWithoutProgress { get; private set; }

    /// <summary>An event of a choice is about to go to the client.</summary>
    /// <param name="tokens">Those behind the event; empty when the upstream does not tell them.</param>
    /// <param name="content">It carries text, a tool call or anything else that was generated.</param>
    /// <param name="finished">It ends the choice.</param>
    /// <returns>False when the upstream contradicts itself (a choice that is not there, or anything after its end): the event must not be forwarded.</returns>
    public bool TryForward(int choice, ReadOnlySpan<int> tokens, bool content, bool finished)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if ((uint)choice >= (uint)choices || _choices[choice].Finished)
        {
            return false;
        }

        AnyByte = true;
        AnyContent |= content || tokens.Length > 0;
        ContentEvents += content ? 1 : 0;
        ResumesWithoutProgress = content || finished || tokens.Length > 0 ? 0 : ResumesWithoutProgress;
        TotalTokens += tokens.Length;
        _choices[choice].Begun = true;
        Keep(ref _choices[choice], tokens);
        if (finished)
        {
            _choices[choice].Finished = true;
            FinishedChoices++;
        }

        return true;
    }

    /// <summary>Bytes without content are about to go to the client: a role chunk, a ping, a usage chunk.</summary>
    /// <param name="role">It says the role, with which the choice has begun.</param>
    public void Forward(bool role, int choice = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        AnyByte = true;
        RoleSent |= role;
        if (role && (uint)choice < (uint)choices)
        {
            _choices[choice].Begun = true;
        }
    }

    /// <summary>Text of the only choice, as it stands between the quotes of its JSON string, for <see cref="ResumeKind.ContinueMessage"/>.</summary>
    public void AppendText(ReadOnlySpan<byte> escaped)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_textMissing || _textLength + escaped.Length > maxTextBytes)
        {
            _textMissing = true;
            return;
        }

        if (_textLength + escaped.Length > _text.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstTextBytes, 2 * (_textLength + escaped.Length)));
            EscapedText.CopyTo(larger);
            Return(_text);
            _text = larger;
        }

        escaped.CopyTo(_text.AsSpan(_textLength));
        _textLength += escaped.Length;
    }

    /// <summary>Valid until the next call.</summary>
    public ReadOnlyMemory<byte> EscapedText => _text.AsMemory(0, _textLength);

    /// <summary>Tokens of a choice; valid until the next call. Whole only while <see cref="HasTokens"/>.</summary>
    public ReadOnlySpan<int> Tokens(int choice) => _choices[choice].Tokens.AsSpan(0, _choices[choice].Count);

    public bool IsFinished(int choice) => _choices[choice].Finished;

    /// <summary>Whether the client has anything of a choice: its role, or an echoed prompt, if nothing else.</summary>
    public bool HasBegun(int choice) => _choices[choice].Begun;

    /// <summary>The stream goes on at another worker.</summary>
    public void Resumed()
    {
        Resumes++;
        ResumesWithoutProgress++;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _disposed = true;
        Return(_text);
        _text = [];
        _textLength = 0;
        DropTokens();
    }

    private void Keep(ref Choice choice, ReadOnlySpan<int> tokens)
    {
        if (_tokensMissing || TotalTokens > maxTokens)
        {
            DropTokens();
            return;
        }

        if (choice.Count + tokens.Length > (choice.Tokens?.Length ?? 0))
        {
            int[] larger = ArrayPool<int>.Shared.Rent(Math.Max(FirstTokens, 2 * (choice.Count + tokens.Length)));
            choice.Tokens.AsSpan(0, choice.Count).CopyTo(larger);
            Return(choice.Tokens);
            choice.Tokens = larger;
        }

        tokens.CopyTo(choice.Tokens.AsSpan(choice.Count));
        choice.Count += tokens.Length;
    }

    private void DropTokens()
    {
        _tokensMissing = true;
        foreach (ref Choice choice in _choices.AsSpan())
        {
            Return(choice.Tokens);
            (choice.Tokens, choice.Count) = (null, 0);
        }
    }

    private static void Return<T>(T[]? array)
    {
        if (array is { Length: > 0 })
        {
            ArrayPool<T>.Shared.Return(array);
        }
    }

    private struct Choice
    {
        public int[]? Tokens;
        public int Count;
        public bool Finished;
        public bool Begun;
    }
}
