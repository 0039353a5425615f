namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>
/// Generates the two products of attention for one to eight query vectors over a block of 32 tokens: the same multiplications and additions in the same order as
/// <see cref="AttentionTile"/>, but float16 is converted by the instruction for it as it is loaded (.NET exposes none), and as many sums as vectors need are in registers.
/// </summary>
internal static class AttentionEmitter
{
    public const int MaxVectors = 8;

    private const int Tokens = KvCache.KvStorage.BlockSize;
    private const int VectorBytes = 64;

    /// <summary>
    /// Query vectors up to which scores of two blocks are computed side by side: the sums of a few vectors over one block are too few chains of additions to keep the
    /// processor busy. What is computed for a vector and a block stays the same.
    /// </summary>
    public const int MaxPairedVectors = 4;

    // Offsets in AttentionArguments.
    private const int FactorsField = 0;
    private const int CacheField = 8;
    private const int ResultField = 16;
    private const int ShrinkField = 24;
    private const int CountField = 32;
    private const int SecondCacheField = 40;
    private const int NextField = 48;
    private const int SecondNextField = 56;

    // Vectors 6 to 15 belong to the caller on Windows and are not used.
    private const int Loaded = 0;
    private const int Factor = 2;
    private const int FactorCount = 4;
    private const int Sums = 16;
    private const int SumCount = 16;

    // Elements of a value that two vectors hold.
    private const int Strip = 32;

    private const Register FactorsAt = Register.Rax;
    private const Register Left = Register.R10;
    private const Register ResultAt = Register.Rax; // of scores, when the factors are done with
    private const Register SumsAt = Register.R8; // has no second block
    private const Register ShrinkAt = Register.R9;

    private static readonly Register[] CachesAt = [Register.Rdx, Register.R8];
    private static readonly Register[] NextsAt = [Register.R11, Register.R9];

    private static Register Arguments => OperatingSystem.IsWindows() ? Register.Rcx : Register.Rdi;

    /// <summary>Appends a kernel: scores[block][v][t] = Σ_i query[v][i] * key[block][i][t].</summary>
    /// <param name="vectors">Query vectors.</param>
    /// <param name="blocks">Blocks: 1, or 2 for at most <see cref="MaxPairedVectors"/> vectors.</param>
    /// <param name="length">Elements of a key.</param>
    /// <param name="halves">Keys are float16; otherwise float32.</param>
    public static void EmitScore(EvexAssembler code, int vectors, int blocks, int length, bool halves)
    {
        int rowBytes = Tokens * (halves ? sizeof(ushort) : sizeof(float));
        code.EndBranch64();
        code.Load(FactorsAt, Arguments, FactorsField);
        code.Load(Left, Arguments, CountField);
        for (int block = 0; block < blocks; block++)
        {
            code.Load(CachesAt[block], Arguments, (sbyte)(block == 0 ? CacheField : SecondCacheField));
            code.Load(NextsAt[block], Arguments, (sbyte)(block == 0 ? NextField : SecondNextField));
        }

        int sums = 2 * vectors * blocks;
        for (int sum = 0; sum < sums; sum++)
        {
            code.Clear(Sums + sum);
        }

        int loop = code.Position;
        for (int vector = 0; vector < vectors && blocks > 1; vector++)
        {
            code.Broadcast(Factor + vector, FactorsAt, vector * length * sizeof(float));
        }

        for (int block = 0; block < blocks; block++)
        {
            if (halves)
            {
                code.Prefetch(NextsAt[block], 0);
                code.Add(NextsAt[block], rowBytes);
            }

            LoadCache(code, CachesAt[block], 0, halves);
            Products(code, vectors, Sums + (2 * vectors * block), blocks > 1 ? 0 : length * sizeof(float));
            code.Add(CachesAt[block], rowBytes);
        }

        code.Add(FactorsAt, sizeof(float));
        code.Decrement(Left);
        code.JumpIfNotZero(loop);
        code.Load(ResultAt, Arguments, ResultField);
        for (int sum = 0; sum < sums; sum++)
        {
            code.StoreVector(Sums + sum, ResultAt, sum * VectorBytes);
        }

        code.ZeroUpper();
        code.Return();
    }

    /// <summary>Appends a kernel: sums[v][d] = sums[v][d] * shrink[v] + Σ_t weight[v][t] * value[t][d].</summary>
    /// <param name="length">Elements of a value that are computed, a multiple of 32.</param>
    /// <param name="rowElements">Elements from value to value.</param>
    /// <param name="stride">Floats from vector to vector of the sums.</param>
    public static void EmitAccumulate(EvexAssembler code, int vectors, int length, int rowElements, int stride, bool halves)
    {
        int elementBytes = halves ? sizeof(ushort) : sizeof(float);
        code.EndBranch64();
        code.Load(SumsAt, Arguments, ResultField);
        code.Load(ShrinkAt, Arguments, ShrinkField);

        // As many strips of 32 at once as there are registers for their sums: each sum is a chain of additions that wait for one another.
        int together = Math.Max(1, SumCount / 2 / vectors);
        for (int first = 0; first < length; first += together * Strip)
        {
            int strips = Math.Min(together, (length - first) / Strip);
            code.Load(FactorsAt, Arguments, FactorsField);
            code.Load(Left, Arguments, CountField);
            code.Load(CachesAt[0], Arguments, CacheField);
            code.Add(CachesAt[0], first * elementBytes);
            code.Load(NextsAt[0], Arguments, NextField);
            code.Add(NextsAt[0], first * elementBytes);
            for (int strip = 0; strip < strips; strip++)
            {
                for (int sum = 0; sum < 2 * vectors; sum++)
                {
                    int register = Sums + (2 * vectors * strip) + sum;
                    code.LoadVector(register, SumsAt, Place(sum, first + (strip * Strip), stride));
                    code.Multiply(register, register, ShrinkAt, sum / 2 * sizeof(float));
                }
            }

            int loop = code.Position;
            bool keeps = strips > 1 && vectors <= FactorCount;
            for (int vector = 0; vector < vectors && keeps; vector++)
            {
                code.Broadcast(Factor + vector, FactorsAt, vector * Tokens * sizeof(float));
            }

            for (int strip = 0; strip < strips; strip++)
            {
                if (halves)
                {
                    code.Prefetch(NextsAt[0], strip * Strip * elementBytes);
                }

                LoadCache(code, CachesAt[0], strip * Strip * elementBytes, halves);
                Products(code, vectors, Sums + (2 * vectors * strip), keeps ? 0 : Tokens * sizeof(float));
            }

            code.Add(NextsAt[0], rowElements * elementBytes);
            code.Add(FactorsAt, sizeof(float));
            code.Add(CachesAt[0], rowElements * elementBytes);
            code.Decrement(Left);
            code.JumpIfNotZero(loop);
            for (int strip = 0; strip < strips; strip++)
            {
                for (int sum = 0; sum < 2 * vectors; sum++)
                {
                    code.StoreVector(Sums + (2 * vectors * strip) + sum, SumsAt, Place(sum, first + (strip * Strip), stride));
                }
            }
        }

        code.ZeroUpper();
        code.Return();
    }

    /// <summary>Where a sum lies: two vectors of 16 for each query vector.</summary>
    private static int Place(int sum, int first, int stride) => ((sum / 2 * stride) + first) * sizeof(float) + (sum % 2 * VectorBytes);

    /// <summary>Loads 32 numbers of the cache.</summary>
    private static void LoadCache(EvexAssembler code, Register address, int displacement, bool halves)
    {
        for (int part = 0; part < 2; part++)
        {
            if (halves)
            {
                code.LoadHalves(Loaded + part, address, displacement + (part * VectorBytes / 2));
            }
            else
            {
                code.LoadVector(Loaded + part, address, displacement + (part * VectorBytes));
            }
        }
    }

    /// <summary>The 32 numbers loaded times one factor of each vector.</summary>
    /// <param name="factorStride">Bytes from the factor of a vector to that of the next; 0 where they are in registers.</param>
    private static void Products(EvexAssembler code, int vectors, int sums, int factorStride)
    {
        for (int vector = 0; vector < vectors; vector++)
        {
            int factor = Factor + (vector % FactorCount);
            if (factorStride > 0)
            {
                code.Broadcast(factor, FactorsAt, vector * factorStride);
            }

            code.FusedMultiplyAdd(sums + (2 * vector), factor, Loaded);
            code.FusedMultiplyAdd(sums + (2 * vector) + 1, factor, Loaded + 1);
        }
    }
}
