namespace Tiercel.Gateway.Upstreams;

/// <summary>One event of a stream: where it lies in the scanned bytes, and what it is.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Length">Bytes from its first to the end of its empty line.</param>
/// <param name="CutStart">Where the worker's token comments begin, from the event's first byte.</param>
/// <param name="Choice">Index of the (first) choice that the chunk is about; -1 when it names none.</param>
/// <param name="CutLength">Bytes of these comments with their line ends, 0 when there are none: not for the client.</param>
internal readonly record struct SseEvent(SseEventKind Kind, int Length, int CutStart = 0, int CutLength = 0, int Choice = -1);
