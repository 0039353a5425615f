namespace Tiercel.Engine.Kernels;

/// <summary>Which family of kernels runs. Results of two paths may differ by the rounding of floats; within one path they are reproducible.</summary>
public enum KernelPath
{
    /// <summary>Plain loops, where no vector instructions may be used.</summary>
    Scalar,

    /// <summary>128-bit vectors: SSE, or AdvSimd with its dot product where the processor has it.</summary>
    Vector128,

    /// <summary>AVX2 and FMA.</summary>
    Avx2,

    /// <summary>AVX2 and FMA with the 8-bit dot product of AVX-VNNI.</summary>
    AvxVnni,

    /// <summary>AVX-512 with byte and word instructions.</summary>
    Avx512,
}
