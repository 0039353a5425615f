namespace Tiercel.Cli.Tests.ModelStore;

/// <summary>What the content server does wrong with one request.</summary>
public enum HubFault
{
    None,

    /// <summary>Closes the connection half way through what was asked for.</summary>
    Break,

    /// <summary>Resets the connection half way; what is still under way is lost.</summary>
    Reset,

    /// <summary>Stops sending half way and keeps the connection open.</summary>
    Stall,

    /// <summary>Sends the whole file although a range was asked for.</summary>
    IgnoreRange,

    /// <summary>Sends the right number of wrong bytes.</summary>
    WrongBytes,

    /// <summary>Ends an answer without a stated length too early.</summary>
    TooLittle,

    /// <summary>Goes on after the end in an answer without a stated length.</summary>
    TooMuch,

    /// <summary>States another length than the file has.</summary>
    WrongLength,

    /// <summary>Sends another part than the one asked for.</summary>
    WrongRange,

    /// <summary>Answers 416 to a range that is right.</summary>
    RefuseRange,

    /// <summary>503, as when the server is overloaded.</summary>
    Unavailable,

    /// <summary>403, as when the signed address has expired.</summary>
    Expired,
}
