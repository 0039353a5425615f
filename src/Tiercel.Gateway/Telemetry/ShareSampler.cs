using System.Buffers.Binary;
using OpenTelemetry.Trace;

namespace Tiercel.Gateway.Telemetry;

/// <summary>Takes a share of all traces by their ids, so that everybody who sees a trace decides alike. The share may change while it runs.</summary>
internal sealed class ShareSampler(Func<double> share) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        Span<byte> id = stackalloc byte[16];
        samplingParameters.TraceId.CopyTo(id);
        ulong place = BinaryPrimitives.ReadUInt64BigEndian(id[8..]) >> 1;
        return new SamplingResult(place < share() * long.MaxValue ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }
}
