namespace Tiercel.Engine.Kernels;

/// <summary>What is done with stored weights at load.</summary>
public enum WeightPrecision
{
    /// <summary>Quantised weights meet activations rounded to 8 bits in blocks of 32; float weights meet float32 activations.</summary>
    AsStored,

    /// <summary>Everything is expanded to float32: slow and large, the reference for tests.</summary>
    Float32,
}
