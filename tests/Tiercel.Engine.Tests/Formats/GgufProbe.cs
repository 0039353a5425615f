using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Formats;

/// <summary>
/// Opens files under the bounds that hold for hostile ones: one second, 64 MiB, and nothing but a <see cref="ModelFormatException"/>. A watchdog ends what would
/// never come back.
/// </summary>
internal static class GgufProbe
{
    private const long MemoryBound = 64L << 20;

    private static readonly TimeSpan Watchdog = TimeSpan.FromMinutes(2);

    /// <summary>Opens the file and reads all its weights. Null means that it is a valid model.</summary>
    public static ModelFormatException? Open(string path)
    {
        ModelFormatException? refusal = null;
        Exception? other = null;

        // A thread of its own, which can be left alone when it never comes back. The bound counts the time of the thread that it is on.
        Thread thread = new(() => other = Record.Exception(() => TimeBound.Hold(TimeSpan.FromSeconds(1), () => refusal = OpenOnce(path)))) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(Watchdog), "the file was not opened or refused in time");
        if (other is not null)
        {
            ExceptionDispatchInfo.Throw(other);
        }

        return refusal;
    }

    private static ModelFormatException? OpenOnce(string path)
    {
        ModelFormatException? refusal = null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var file = GgufFile.Open(path);
            ReadAll(file);
        }
        catch (ModelFormatException e)
        {
            refusal = e;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MemoryBound);
        return refusal;
    }

    public static ModelFormatException? Open(byte[] bytes)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.gguf");
        File.WriteAllBytes(path, bytes);
        return Open(path);
    }

    /// <summary>The file must be refused with a message that has these words, and shows no control characters.</summary>
    public static void Refused(byte[] bytes, params string[] words) => Refused(Open(bytes), words);

    public static void Refused(ModelFormatException? refusal, params string[] words)
    {
        Assert.NotNull(refusal);
        Assert.All(words, word => Assert.Contains(word, refusal.Message));
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }

    /// <summary>Touches every byte of every tensor, so that an extent outside the map would end the process.</summary>
    public static unsafe long ReadAll(GgufFile file)
    {
        long sum = 0;
        foreach (GgufTensor tensor in file.Tensors.Values)
        {
            byte* data = (byte*)file.GetAddress(tensor);
            for (long i = 0; i < tensor.ByteCount; i++)
            {
                sum += Unsafe.Read<byte>(data + i);
            }
        }

        return sum;
    }
}
