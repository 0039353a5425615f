namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>
/// Generates a kernel for a tile of 16 outputs and one to eight rows, with <c>vpdpbusd</c> on 512 bits (AVX512_VNNI), which .NET does not expose. The sums of all rows and the codes of a
/// block are in registers; each quad of activations is broadcast by the instruction that uses it. Integer sums are exact and the floats are combined by the same operations in the
/// same order as in the intrinsic kernels, so that results have the same bits.
/// </summary>
internal static class VnniEmitter
{
    public const int MaxRows = 8;

    // Offsets in ActivationRecord.
    private const int RecordBytes = 64;
    private const int Scale = 32;
    private const int Sum = 36;
    private const int ScaledSum = 48;

    // Vectors 6 to 15 belong to the caller on Windows and are left alone.
    private const int Dot = 0;
    private const int SecondDot = 1;
    private const int MinusZero = 2;
    private const int SecondOffset = 2; // types with offsets have their zero at code 0
    private const int FirstScale = 3;
    private const int SecondScale = 4;
    private const int FirstOffset = 5;
    private const int Codes = 16;
    private const int Sums = 24;

    private const Register CodesAt = Register.Rax;
    private const Register ScalesAt = Register.Rdx;
    private const Register RecordsAt = Register.R8;
    private const Register SumsAt = Register.R9;
    private const Register BlocksLeft = Register.R10;
    private const Register Stride = Register.R11;

    private static Register Arguments => OperatingSystem.IsWindows() ? Register.Rcx : Register.Rdi;

    /// <summary>Appends one kernel.</summary>
    public static void Emit(EvexAssembler code, int rows, bool twoGroups, bool offsets)
    {
        code.EndBranch64();
        Register[] fields = [CodesAt, ScalesAt, RecordsAt, SumsAt, BlocksLeft, Stride];
        for (int i = 0; i < fields.Length; i++)
        {
            code.Load(fields[i], Arguments, (sbyte)(i * 8));
        }

        if (!offsets)
        {
            code.Broadcast(MinusZero, Arguments, fields.Length * 8);
        }

        for (int row = 0; row < rows; row++)
        {
            code.LoadVector(Sums + row, SumsAt, row * 64);
        }

        int loop = code.Position;
        LoadBlock(code, twoGroups, offsets);
        for (int row = 0; row < rows; row++)
        {
            Row(code, row, twoGroups, offsets);
        }

        code.Add(CodesAt, 512);
        code.Add(ScalesAt, 256);
        code.Add(RecordsAt, Stride);
        code.Decrement(BlocksLeft);
        code.JumpIfNotZero(loop);
        for (int row = 0; row < rows; row++)
        {
            code.StoreVector(Sums + row, SumsAt, row * 64);
        }

        code.ZeroUpper();
        code.Return();
    }

    private static void LoadBlock(EvexAssembler code, bool twoGroups, bool offsets)
    {
        for (int quad = 0; quad < 8; quad++)
        {
            code.LoadVector(Codes + quad, CodesAt, quad * 64);
        }

        code.LoadVector(FirstScale, ScalesAt, 0);
        if (twoGroups)
        {
            code.LoadVector(SecondScale, ScalesAt, 64);
        }

        if (offsets)
        {
            code.LoadVector(FirstOffset, ScalesAt, 128);
            if (twoGroups)
            {
                code.LoadVector(SecondOffset, ScalesAt, 192);
            }
        }
    }

    private static void Row(EvexAssembler code, int row, bool twoGroups, bool offsets)
    {
        int record = row * RecordBytes;
        int sum = Sums + row;
        if (!twoGroups)
        {
            Quads(code, Dot, 0, 8, record, Sum, offsets);
            code.ToFloat(Dot, Dot);
            code.Multiply(Dot, Dot, FirstScale);
        }
        else
        {
            Quads(code, Dot, 0, 4, record, Sum + 4, offsets);
            Quads(code, SecondDot, 4, 8, record, Sum + 8, offsets);
            code.ToFloat(Dot, Dot);
            code.ToFloat(SecondDot, SecondDot);
            code.Multiply(Dot, Dot, FirstScale);
            code.FusedMultiplyAdd(Dot, SecondDot, SecondScale);
        }

        code.FusedMultiplyAdd(sum, Dot, RecordsAt, record + Scale);
        if (offsets)
        {
            code.FusedMultiplyAdd(sum, FirstOffset, RecordsAt, record + ScaledSum + (twoGroups ? 4 : 0));
            if (twoGroups)
            {
                code.FusedMultiplyAdd(sum, SecondOffset, RecordsAt, record + ScaledSum + 8);
            }
        }
    }

    /// <summary>The dot products of some quads, less what the zero of the codes adds.</summary>
    private static void Quads(EvexAssembler code, int dot, int first, int end, int record, int sumOffset, bool offsets)
    {
        if (offsets)
        {
            code.Clear(dot);
        }
        else
        {
            code.MultiplyInt(dot, MinusZero, RecordsAt, record + sumOffset);
        }

        for (int quad = first; quad < end; quad++)
        {
            code.DotBytes(dot, Codes + quad, RecordsAt, record + (quad * 4));
        }
    }
}
