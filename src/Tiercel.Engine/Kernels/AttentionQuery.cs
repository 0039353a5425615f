using Tiercel.Engine.KvCache;

namespace Tiercel.Engine.Kernels;

/// <summary>What the attention of one layer reads and writes.</summary>
/// <param name="Queries">[rows, heads * key length], rotated, not yet scaled.</param>
/// <param name="Outputs">[rows, heads * value length].</param>
/// <param name="Cache">Keys and values, those of this step included.</param>
/// <param name="Layer">The layer in the cache.</param>
/// <param name="Window">A position sees itself and the Window - 1 before it; 0 for all.</param>
/// <param name="Sinks">[heads] logits that join the denominator, or empty.</param>
internal readonly record struct AttentionQuery(FloatRows Queries, FloatRows Outputs, KvStorage Cache, int Layer, int Window, float[] Sinks);
