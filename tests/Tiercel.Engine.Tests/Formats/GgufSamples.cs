using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

/// <summary>Small valid models that the tests break.</summary>
internal static class GgufSamples
{
    public const string Tensor = "blk.0.ffn_up.weight";

    /// <summary>One value of every type and two tensors, about 1.3 KB.</summary>
    public static GgufWriter Small() => new GgufWriter()
        .Add("general.architecture", "llama")
        .Add("general.alignment", 32u)
        .Add("a.u8", (byte)200)
        .Add("a.i8", (sbyte)-5)
        .Add("a.u16", (ushort)65_535)
        .Add("a.i16", (short)-32_768)
        .Add("a.i32", -7)
        .Add("a.u64", 1ul << 63)
        .Add("a.i64", long.MinValue)
        .Add("a.f32", 1.5f)
        .Add("a.f64", 0.1)
        .Add("a.bool", true)
        .Add("a.strings", new[] { "one", string.Empty, "zwölf 🦅", "nul\0l" })
        .Add("a.numbers", new[] { 1, 2, -3 })
        .Add("a.floats", new[] { 0.5f, -0.25f })
        .Add("a.flags", new[] { true, false })
        .Add("a.nested", new object[] { new[] { 1u, 2u }, new[] { "x" } })
        .AddTensor("token_embd.weight", TensorType.F32, [4, 3], [.. Enumerable.Range(0, 48).Select(i => (byte)i)])
        .AddTensor(Tensor, TensorType.Q8_0, [64, 2], [.. Enumerable.Repeat((byte)7, 136)]);
}
