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

    // Offsets in AttentionArguments.
    private const int FactorsField = 0;
    private const int CacheField = 8;
    private const int ResultField = 16;
    private const int ShrinkField = 24;
    private const int CountField = 32;

    // Vectors 6 to 15 belong to the caller on Windows and are not used.
    private const int Loaded = 0;
    private const int Factor = 2;
    private const int FactorCount = 4;
    private const int Sums = 16;

    private const Register FactorsAt = Register.Rax;
    private const Register CacheAt = Register.Rdx;
    private const Register ResultAt = Register.R8;
    private const Register ShrinkAt = Register.R9;
    private const Register Left = Register.R10;

    private static Register Arguments => OperatingSystem.IsWindows() ? Register.Rcx : Register.Rdi;

    /// <summary>Appends a kernel: scores[v][t] = Σ_i query[v][i] * key[i][t].</summary>
    /// <param name="vectors">Query vectors.</param>
    /// <param name="length">Elements of a key.</param>
    /// <param name="halves">Keys are float16; otherwise float32.</param>
    public static void EmitScore(EvexAssembler code, int vectors, int length, bool halves)
    {
        code.EndBranch64();
        code.Load(FactorsAt, Arguments, FactorsField);
        code.Load(CacheAt, Arguments, CacheField);
        code.Load(ResultAt, Arguments, ResultField);
        code.Load(Left, Arguments, CountField);
        for (int sum = 0; sum < 2 * vectors; sum++)
        {
            code.Clear(Sums + sum);
        }

        int loop = code.Position;
        Products(code, vectors, length * sizeof(float), halves);
        code.Add(FactorsAt, sizeof(float));
        code.Add(CacheAt, Tokens * (halves ? sizeof(ushort) : sizeof(float)));
        code.Decrement(Left);
        code.JumpIfNotZero(loop);
        for (int sum = 0; sum < 2 * vectors; sum++)
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
        code.Load(ResultAt, Arguments, ResultField);
        code.Load(ShrinkAt, Arguments, ShrinkField);
        for (int first = 0; first < length; first += 32)
        {
            code.Load(FactorsAt, Arguments, FactorsField);
            code.Load(CacheAt, Arguments, CacheField);
            code.Load(Left, Arguments, CountField);
            code.Add(CacheAt, first * elementBytes);
            for (int sum = 0; sum < 2 * vectors; sum++)
            {
                code.LoadVector(Sums + sum, ResultAt, Place(sum, first, stride));
                code.Multiply(Sums + sum, Sums + sum, ShrinkAt, sum / 2 * sizeof(float));
            }

            int loop = code.Position;
            Products(code, vectors, Tokens * sizeof(float), halves);
            code.Add(FactorsAt, sizeof(float));
            code.Add(CacheAt, rowElements * elementBytes);
            code.Decrement(Left);
            code.JumpIfNotZero(loop);
            for (int sum = 0; sum < 2 * vectors; sum++)
            {
                code.StoreVector(Sums + sum, ResultAt, Place(sum, first, stride));
            }
        }

        code.ZeroUpper();
        code.Return();
    }

    /// <summary>Where a sum lies: two vectors of 16 for each query vector.</summary>
    private static int Place(int sum, int first, int stride) => ((sum / 2 * stride) + first) * sizeof(float) + (sum % 2 * VectorBytes);

    /// <summary>32 numbers of the cache times one factor of each vector.</summary>
    private static void Products(EvexAssembler code, int vectors, int factorStride, bool halves)
    {
        for (int part = 0; part < 2; part++)
        {
            if (halves)
            {
                code.LoadHalves(Loaded + part, CacheAt, part * VectorBytes / 2);
            }
            else
            {
                code.LoadVector(Loaded + part, CacheAt, part * VectorBytes);
            }
        }

        for (int vector = 0; vector < vectors; vector++)
        {
            int factor = Factor + (vector % FactorCount);
            code.Broadcast(factor, FactorsAt, vector * factorStride);
            code.FusedMultiplyAdd(Sums + (2 * vector), factor, Loaded);
            code.FusedMultiplyAdd(Sums + (2 * vector) + 1, factor, Loaded + 1);
        }
    }
}
