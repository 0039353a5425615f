namespace Tiercel.Cli.ModelStore;

/// <summary>How far a pull is.</summary>
/// <param name="File">The file that is being fetched.</param>
/// <param name="Bytes">Here already, of all files, those of an earlier run included.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="BytesPerSecond">Mean over the last ten samples; 0 before there are two.</param>
/// <param name="Remaining">Null while the rate is unknown.</param>
internal readonly record struct PullProgress(string File, long Bytes, long Total, double BytesPerSecond, TimeSpan? Remaining);
