namespace Tiercel.Cli.ModelStore;

/// <summary>A failure that may pass: a broken connection, a busy server. The message tells what happened, for the case that it does not.</summary>
internal sealed class HubUnavailableException : Exception
{
    public HubUnavailableException(string message, TimeSpan? retryAfter = null, Exception? innerException = null)
        : base(message, innerException)
    {
        RetryAfter = retryAfter;
    }

    /// <summary>How long the server asked to wait.</summary>
    public TimeSpan? RetryAfter { get; }
}
