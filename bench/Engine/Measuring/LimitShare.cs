using Tiercel.Bench.Engine.Rows;
using Tiercel.Engine.Formats;
using Tiercel.Engine.KvCache;
using Tiercel.Engine.Models;

namespace Tiercel.Bench.Engine.Measuring;

/// <summary>Compares a row's rate with what the machine and the model's costs allow.</summary>
internal static class LimitShare
{
    /// <summary>Share of the machine's limit that a rate reaches, where the row names one.</summary>
    /// <param name="path">The model file.</param>
    public static double? Of(string path, BenchRow row, double tokensPerSecond, MachineDescription machine)
    {
        using GgufFile file = GgufFile.Open(path);
        var cost = TokenCost.Of(file, ModelSpec.Read(file, null), KvType.F16);
        return row.Limit switch
        {
            "read" => tokensPerSecond * cost.DecodeBytes(row.Context) / 1e9 / machine.ReadGigabytes,
            "integer" => tokensPerSecond * cost.PromptOperations / 1e9 / machine.IntegerGigaOperations,
            _ => null,
        };
    }
}
