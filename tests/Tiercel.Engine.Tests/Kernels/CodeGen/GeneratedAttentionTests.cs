using Tiercel.Engine.Kernels.CodeGen;

namespace Tiercel.Engine.Tests.Kernels.CodeGen;

public class GeneratedAttentionTests
{
    /// <summary>Heads of the models in use; what their kernels compute is compared with the intrinsic ones as they are made.</summary>
    [Theory]
    [InlineData(32, 32)]
    [InlineData(64, 64)]
    [InlineData(80, 96)]
    [InlineData(128, 128)]
    [InlineData(192, 128)]
    [InlineData(256, 256)]
    public void CommonHeadsHaveKernelsThatPassTheirSelfCheck(int keyLength, int valueLength)
    {
        if (VnniKernel.Current is null)
        {
            Assert.Skip("this process has no generated code");
        }

        Assert.NotNull(AttentionKernel.Create(keyLength, valueLength));
    }

    [Fact]
    public void ValuesThatAreNotWholeStripsAreLeftToTheIntrinsicKernels() => Assert.Null(AttentionKernel.Create(80, 80));
}
