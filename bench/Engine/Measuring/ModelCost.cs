using Tiercel.Bench.Engine.Rows;
using Tiercel.Engine.Formats;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>What a token costs at least: bytes to read when decoding, operations when reading a prompt.</summary>
internal sealed record ModelCost(double WeightBytes, double MatrixElements, double KvBytesPerToken)
{
    public static ModelCost Of(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        string architecture = file.Metadata.GetString("general.architecture")!;
        double Key(string name, double otherwise) => file.Metadata.GetNumber($"{architecture}.{name}") ?? otherwise;
        double bytes = 0;
        double elements = 0;
        foreach (GgufTensor tensor in file.Tensors.Values.Where(tensor => tensor.Shape.Count > 1))
        {
            bytes += tensor.ByteCount;
            // The output table is used for the last token of a prompt only.
            elements += tensor.Name is "token_embd.weight" or "output.weight" ? 0 : (double)tensor.Rows * tensor.Columns;
        }

        double headLength = Key("attention.key_length", Key("embedding_length", 0) / Key("attention.head_count", 1));
        return new ModelCost(bytes, elements, 2 * sizeof(ushort) * Key("block_count", 0) * Key("attention.head_count_kv", 0) * headLength);
    }

    /// <summary>Share of the machine's limit that a rate reaches, where the row names one.</summary>
    public double? ShareOfLimit(BenchRow row, double tokensPerSecond, MachineDescription machine) => row.Limit switch
    {
        "read" => tokensPerSecond * (WeightBytes + (row.Context * KvBytesPerToken)) / 1e9 / machine.ReadGigabytes,
        "integer" => tokensPerSecond * 2 * MatrixElements / 1e9 / machine.IntegerGigaOperations,
        _ => null,
    };
}
