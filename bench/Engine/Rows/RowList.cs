namespace Tiercel.Bench.Engine.Rows;

/// <summary>The rows: what is promised for a machine of two threads, and what each is at least to be.</summary>
internal static class RowList
{
    /// <summary>Shapes are measured with the first; the second is there by <c>--shape</c>.</summary>
    public static IReadOnlyList<BenchRow> Make(string shape, bool quick)
    {
        int outputs = quick ? 16 : 64;
        List<BenchRow> rows = [];
        void Decode(string mix, int context, double floor, double target)
            => rows.Add(new($"decode-{context}-{mix}", $"{shape}/{mix}", $"decode {context} {outputs}", "tok/s", floor, target) { Limit = "read", Context = context + (outputs / 2) });
        void Prefill(string mix, int tokens, double floor, double target)
            => rows.Add(new($"prefill-{tokens}-{mix}", $"{shape}/{mix}", $"prefill {tokens}", "tok/s", floor, target) { Limit = "integer" });
        void Streams(string mix, int streams, double floor, double target)
            => rows.Add(new($"streams-{streams}-{mix}", $"{shape}/{mix}", $"streams {streams} 16 {outputs / 2}", "tok/s", floor, target));
        foreach (string mix in (string[])["q8_0", "q4_0", "q4_k_m", "q6_k", "f16"])
        {
            Decode(mix, 128, 1.05, 1.3);
        }

        Decode("q8_0", 1024, 1.1, 1.25);
        Decode("q4_0", 1024, 1.2, 1.5);
        Prefill("q8_0", 512, 1.6, 2.5);
        Prefill("q4_0", 512, 1.0, 1.5);
        Prefill("q4_k_m", 512, 1.3, 2);
        Prefill("q6_k", 512, 2, 3.5);
        Prefill("q8_0", 2048, 1.5, 2);
        Prefill("q4_0", 2048, 1.2, 1.5);
        foreach (int streams in (int[])[8, 16, 32])
        {
            Streams("q8_0", streams, 2, 3);
            Streams("q4_0", streams, 1.15, 1.5);
            Streams("q4_k_m", streams, 1.6, 2.5);
            Streams("q6_k", streams, 2, 3);
        }

        rows.Add(new("shared-16-q8_0", $"{shape}/q8_0", "shared 16 512 16 32", "tok/s", 2.5, 4));
        rows.Add(new("gap-4-q8_0", $"{shape}/q8_0", $"gap 4 {(quick ? 2048 : 4096)}", "ms", 0.25, 0.1) { LessIsBetter = true });
        rows.Add(new("busy-decode-q8_0", $"{shape}/q8_0", $"decode 128 {outputs / 4}", "tok/s", 1.5, 3) { Busy = true });
        rows.Add(new("busy-prefill-q8_0", $"{shape}/q8_0", "prefill 256", "tok/s", 1.5, 3) { Busy = true });
        rows.Add(new("busy-streams-16-q8_0", $"{shape}/q8_0", "streams 16 16 8", "tok/s", 1.5, 3) { Busy = true });
        rows.Add(new("real-prefill-512", "real", "prefill 512", "tok/s", 3, 5.5));
        rows.Add(new("real-decode", "real", $"decode 128 {2 * outputs}", "tok/s", 1.15, 1.5));
        foreach (int streams in (int[])[8, 16, 32])
        {
            rows.Add(new($"real-streams-{streams}", "real", $"streams {streams} 16 {outputs}", "tok/s", 3, 4.5));
        }

        // Promised in milliseconds (25 and 60) where the peer takes 180.
        rows.Add(new("tokenize-markdown", "real", "tokenize 0", "ms", 0.33, 0.14) { LessIsBetter = true });
        rows.Add(new("tokenize-words", "real", "tokenize 1", "ms", 0.33, 0.14) { LessIsBetter = true });
        foreach (string mix in (string[])["q8_0", "q4_0", "q4_k_m", "q6_k"])
        {
            rows.Add(new($"load-{mix}", $"{shape}/{mix}", "load", "s", 1.5, 1) { LessIsBetter = true, FreshProcess = true });
        }

        foreach (string mix in (string[])["q8_0", "q4_0", "q4_k_m", "q6_k"])
        {
            rows.Add(new($"memory-{mix}", $"{shape}/{mix}", "memory 2304", "MB", 1.2, 1) { LessIsBetter = true, FreshProcess = true });
        }

        return rows;
    }
}
