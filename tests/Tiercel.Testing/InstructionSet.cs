namespace Tiercel.Testing;

/// <summary>The most that a child process of <see cref="InstructionSetRunner"/> may use.</summary>
public enum InstructionSet
{
    /// <summary>No vector instructions at all: <c>DOTNET_EnableHWIntrinsic=0</c>.</summary>
    Scalar,

    /// <summary>128-bit vectors: <c>DOTNET_EnableAVX2=0</c>.</summary>
    Vector128,

    /// <summary>AVX2 and FMA, with AVX-VNNI where there is one: <c>DOTNET_EnableAVX512=0</c>.</summary>
    Avx2,

    /// <summary>Everything the processor has, AVX-512 included.</summary>
    Avx512,
}
