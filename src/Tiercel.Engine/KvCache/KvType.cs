namespace Tiercel.Engine.KvCache;

/// <summary>Type in which keys and values are kept.</summary>
public enum KvType
{
    F16,

    /// <summary>8 bits in blocks of 32 with a float16 scale: half of the memory of F16.</summary>
    Q8_0,

    /// <summary>The reference for tests.</summary>
    F32,
}
