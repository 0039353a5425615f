using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;

namespace Tiercel.Engine.Serving;

/// <summary>
/// The id that engines share when the same request gives the same bytes on each: a hash of everything a token depends on.
/// </summary>
/// <remarks>
/// <para>The model: all bytes before the weights (metadata, vocabulary, template, the table of tensors), the length of each file, and of each tensor the whole
/// when it is small, else eight pieces of 4 KiB: the first, the last and six spread evenly. Reading the whole file would cost seconds for large models.</para>
/// <para>Two models collide only when all of this is equal and every difference lies between the pieces. Training, merging and quantising anew change nearly
/// every block of the tensors they touch: where a share f of a tensor's bytes differs in runs of 4 KiB or more, it goes unseen with about (1 - f)^8, for one tensor;
/// f = 0.5 in ten tensors gives 10^-24. An edit made on purpose to a few bytes of a large tensor can go unseen; the id says what is alike, it proves nothing about
/// who made it.</para>
/// <para>The engine: its numerics version, kernel path and generated code, weight precision, type of the key/value cache, context length (some models choose
/// their rotation by it, and answers without a limit end with it), the runtime's version, operating system and processor family (their mathematical functions
/// differ in last bits).</para>
/// </remarks>
internal static class NumericsIds
{
    /// <summary>To be raised with every change of the engine that can change a bit of a logit or a sampled token.</summary>
    private const int Version = 1;

    private const int PieceBytes = 4096;
    private const int Pieces = 8;
    private const int IdBytes = 12;

    public static string Of(GgufFile file, InferenceEngineOptions options, int contextLength)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string engine = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{Version} {KernelPaths.Name} {KernelPaths.UsesGeneratedCode} {options.WeightPrecision} {options.KvType} {contextLength} "
            + $"{Environment.Version.Major}.{Environment.Version.Minor} {OsFamily()} {RuntimeInformation.ProcessArchitecture}");
        hash.AppendData(Encoding.UTF8.GetBytes(engine));
        IReadOnlyList<string> paths = file.Paths;
        for (int i = 0; i < paths.Count; i++)
        {
            AppendFile(hash, paths[i], [.. file.Tensors.Values.Where(tensor => tensor.FileIndex == i).OrderBy(tensor => tensor.Offset)]);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, IdBytes));
    }

    private static void AppendFile(IncrementalHash hash, string path, GgufTensor[] tensors)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path);
        long length = RandomAccess.GetLength(handle);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, length);
        hash.AppendData(number);
        byte[] piece = new byte[64 * 1024];
        Append(0, tensors.Length == 0 ? length : tensors[0].Offset);
        foreach (GgufTensor tensor in tensors)
        {
            if (tensor.ByteCount <= PieceBytes * Pieces)
            {
                Append(tensor.Offset, tensor.ByteCount);
                continue;
            }

            (long step, long rest) = Math.DivRem(tensor.ByteCount - PieceBytes, Pieces - 1);
            for (int i = 0; i < Pieces; i++)
            {
                // From the very first byte to the very last one; a product of the whole could overflow.
                Append(tensor.Offset + (step * i) + (rest * i / (Pieces - 1)), PieceBytes);
            }
        }

        void Append(long offset, long count)
        {
            while (count > 0)
            {
                int read = RandomAccess.Read(handle, piece.AsSpan(0, (int)Math.Min(count, piece.Length)), offset);
                if (read == 0)
                {
                    throw new ModelFormatException($"{Path.GetFileName(path)}: the file has become shorter while it was read");
                }

                hash.AppendData(piece, 0, read);
                offset += read;
                count -= read;
            }
        }
    }

    private static string OsFamily() => OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "macos" : OperatingSystem.IsLinux() ? "linux" : "other";
}
