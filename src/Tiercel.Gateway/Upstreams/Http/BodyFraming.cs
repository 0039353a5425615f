namespace Tiercel.Gateway.Upstreams.Http;

/// <summary>How the end of a body is known.</summary>
internal enum BodyFraming
{
    /// <summary>By its announced length, 0 for none.</summary>
    Length,

    Chunked,

    /// <summary>By the end of the connection: nobody can tell a whole body from a cut one.</summary>
    UntilClose,
}
