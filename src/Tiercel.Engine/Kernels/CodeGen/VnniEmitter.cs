namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>
/// Generates kernels for a tile of 16 outputs and one to eight rows, with <c>vpdpbusd</c> on 512 bits (AVX512_VNNI), which .NET does not expose. The sums of all rows and the codes of a
/// block are in registers; each quad of activations is broadcast by the instruction that uses it. Integer sums are exact and the floats are combined by the same operations in the
/// same order as in the intrinsic kernels, so that results have the same bits. Zero is at code 128 (or 0), so that what it adds is in the records, ready to start a sum with.
/// </summary>
internal static class VnniEmitter
{
    public const int MaxRows = 8;

    // Offsets in ActivationRecord.
    private const int RecordBytes = 64;
    private const int Scale = 32;
    private const int Centre = 36;
    private const int ScaledSum = 48;

    // Offsets in VnniArguments.
    private const int SumsField = 24;
    private const int SavedField = 48;
    private const int ScaleFactorField = 56;
    private const int LowMaskField = 60;
    private const int HighMaskField = 64;

    // Vectors 6 to 15 belong to the caller on Windows.
    private const int FirstSaved = 6;
    private const int SecondOffset = 2;
    private const int FirstScale = 3;
    private const int SecondScale = 4;
    private const int FirstOffset = 5;
    private const int HeadScale = 12;
    private const int HeadOffset = 13;
    private const int Part = 14;
    private const int Codes = 16;
    private const int Sums = 24;

    private const Register CodesAt = Register.Rax;
    private const Register ScalesAt = Register.Rdx;
    private const Register RecordsAt = Register.R8;
    private const Register SumsAt = Register.R9;
    private const Register BlocksLeft = Register.R10;
    private const Register Stride = Register.R11;

    /// <summary>Rows whose dot products are computed side by side: each alone is a chain of instructions that wait for one another.</summary>
    private const int RowsTogether = 4;

    private static readonly int[] FirstDots = [0, 1, 6, 7];
    private static readonly int[] SecondDots = [8, 9, 10, 11];

    private static Register Arguments => OperatingSystem.IsWindows() ? Register.Rcx : Register.Rdi;

    /// <summary>Appends a kernel of unpacked codes and scales.</summary>
    public static void EmitUnpacked(EvexAssembler code, int rows, bool twoGroups, bool offsets)
    {
        Begin(code, rows);
        int loop = code.Position;
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

        Rows(code, rows, twoGroups, offsets);
        code.Add(ScalesAt, 256);
        End(code, rows, 512, loop);
    }

    /// <summary>Appends a kernel that reads tiles as they are, unpacks in registers and asks for what it will read next.</summary>
    public static void EmitPacked(EvexAssembler code, int rows, in PackedLayout layout)
    {
        Begin(code, rows);
        code.Move(SumsAt, CodesAt);
        code.Add(SumsAt, Tiles.Prefetch.Distance);
        int loop = code.Position;
        Prefetch(code, SumsAt, layout);
        Scales(code, layout);
        int codeBytes = UnpackCodes(code, layout);
        Rows(code, rows, layout.TwoGroups, layout.HasOffsets);
        End(code, rows, codeBytes, loop);
    }

    /// <summary>Appends what unpacks blocks for the kernels of unpacked codes: codes to where the records would be, scales to where the sums would be.</summary>
    public static void EmitUnpack(EvexAssembler code, in PackedLayout layout)
    {
        Begin(code, 0);
        code.Load(SumsAt, Arguments, SumsField);
        code.Move(Stride, CodesAt);
        code.Add(Stride, Tiles.Prefetch.Distance);
        int loop = code.Position;
        if (layout.LowBits < 8)
        {
            Prefetch(code, Stride, layout);
        }

        Scales(code, layout);
        int[] scales = [FirstScale, SecondScale, FirstOffset, SecondOffset];
        for (int i = 0; i < scales.Length; i++)
        {
            if ((layout.TwoGroups || i % 2 == 0) && (layout.HasOffsets || i < 2))
            {
                code.StoreVector(scales[i], SumsAt, i * 64);
            }
        }

        code.Add(SumsAt, 256);
        int codeBytes = 512;
        if (layout.LowBits < 8)
        {
            codeBytes = UnpackCodes(code, layout);
            for (int quad = 0; quad < 8; quad++)
            {
                code.StoreVector(Codes + quad, RecordsAt, quad * 64);
            }
        }

        code.Add(RecordsAt, 512);
        code.Add(CodesAt, codeBytes);
        code.Decrement(BlocksLeft);
        code.JumpIfNotZero(loop);
        Finish(code);
    }

    private static void Prefetch(EvexAssembler code, Register at, in PackedLayout layout)
    {
        for (int line = 0; line < layout.BlockBytes; line += 64)
        {
            code.Prefetch(at, line);
        }

        code.Add(at, layout.BlockBytes);
    }

    private static void Begin(EvexAssembler code, int rows)
    {
        code.EndBranch64();
        Register[] fields = [CodesAt, ScalesAt, RecordsAt, SumsAt, BlocksLeft, Stride];
        for (int i = 0; i < fields.Length; i++)
        {
            code.Load(fields[i], Arguments, (sbyte)(i * 8));
        }

        for (int row = 0; row < rows; row++)
        {
            code.LoadVector(Sums + row, SumsAt, row * 64);
        }

        if (OperatingSystem.IsWindows())
        {
            code.Load(SumsAt, Arguments, SavedField);
            for (int i = 0; i < VnniArguments.SavedVectors; i++)
            {
                code.StoreVector(FirstSaved + i, SumsAt, i * 64);
            }
        }
    }

    private static void End(EvexAssembler code, int rows, int codeBytes, int loop)
    {
        code.Add(CodesAt, codeBytes);
        code.Add(RecordsAt, Stride);
        code.Decrement(BlocksLeft);
        code.JumpIfNotZero(loop);
        code.Load(SumsAt, Arguments, SumsField);
        for (int row = 0; row < rows; row++)
        {
            code.StoreVector(Sums + row, SumsAt, row * 64);
        }

        Finish(code);
    }

    private static void Finish(EvexAssembler code)
    {
        if (OperatingSystem.IsWindows())
        {
            code.Load(SumsAt, Arguments, SavedField);
            for (int i = 0; i < VnniArguments.SavedVectors; i++)
            {
                code.LoadVector(FirstSaved + i, SumsAt, i * 64);
            }
        }

        code.ZeroUpper();
        code.Return();
    }

    /// <summary>Scales and offsets of a block, as <see cref="Tiles.BlockScales{TOffsets}"/> and <see cref="Tiles.GroupScales{TTwoGroups, TOffsets}"/> lay them out.</summary>
    private static void Scales(EvexAssembler code, in PackedLayout layout)
    {
        if (!layout.HasGroupScales)
        {
            Head(code, layout, FirstScale, FirstOffset);
            return;
        }

        // A super-block has eight blocks, and its head comes before the first.
        code.Test(BlocksLeft, 7);
        int inside = code.JumpAheadIfNotZero();
        Head(code, layout, HeadScale, HeadOffset);
        code.Land(inside);
        for (int group = 0; group < (layout.TwoGroups ? 2 : 1); group++)
        {
            Integers(code, group == 0 ? FirstScale : SecondScale, HeadScale, 0);
            if (layout.HasOffsets)
            {
                Integers(code, group == 0 ? FirstOffset : SecondOffset, HeadOffset, 16);
            }

            code.Add(ScalesAt, layout.HasOffsets ? 32 : 16);
        }
    }

    private static void Head(EvexAssembler code, in PackedLayout layout, int scale, int offset)
    {
        code.LoadHalves(scale, ScalesAt, 0);
        if (layout.CodeShift > 0)
        {
            code.Multiply(scale, scale, Arguments, ScaleFactorField);
        }

        if (layout.HasOffsets)
        {
            code.LoadHalves(offset, ScalesAt, 32);
        }

        code.Add(ScalesAt, layout.HasOffsets ? 64 : 32);
    }

    private static void Integers(EvexAssembler code, int result, int head, int displacement)
    {
        code.LoadSignedBytes(result, ScalesAt, displacement);
        code.ToFloat(result, result);
        code.Multiply(result, result, head);
    }

    /// <summary>Puts the bits of both planes of each quad where a moved code has them. Returns the bytes of codes of a block.</summary>
    private static int UnpackCodes(EvexAssembler code, in PackedLayout layout)
    {
        int lowBits = layout.LowBits;
        int highBits = layout.HighBits;
        for (int quad = 0; quad < 8; quad++)
        {
            int target = Codes + quad;
            if (lowBits == 8)
            {
                code.LoadVector(target, CodesAt, quad * 64);
                continue;
            }

            int perVector = 8 / lowBits;
            code.LoadVector(target, CodesAt, quad / perVector * 64);
            Shift(code, target, target, (quad % perVector * lowBits) - layout.CodeShift);
            code.And(target, target, Arguments, LowMaskField);
            if (highBits > 0)
            {
                perVector = 8 / highBits;
                if (quad % perVector == 0)
                {
                    code.LoadVector(Part, CodesAt, (64 * lowBits) + (quad / perVector * 64));
                }

                int shift = (quad % perVector * highBits) - layout.CodeShift - lowBits;
                int moved = shift == 0 ? Part : Part + 1;
                Shift(code, moved, Part, shift);
                code.OrAnd(target, moved, Arguments, HighMaskField);
            }
        }

        return 64 * (lowBits + highBits);
    }

    private static void Shift(EvexAssembler code, int result, int source, int count)
    {
        if (count != 0)
        {
            code.ShiftRight16(result, source, count);
        }
    }

    private static void Rows(EvexAssembler code, int rows, bool twoGroups, bool offsets)
    {
        for (int first = 0; first < rows; first += RowsTogether)
        {
            int count = Math.Min(RowsTogether, rows - first);
            if (!twoGroups)
            {
                Quads(code, FirstDots, 0, 8, first, count, Centre, offsets);
            }
            else
            {
                Quads(code, FirstDots, 0, 4, first, count, Centre + 4, offsets);
                Quads(code, SecondDots, 4, 8, first, count, Centre + 8, offsets);
            }

            for (int i = 0; i < count; i++)
            {
                Add(code, first + i, FirstDots[i], SecondDots[i], twoGroups, offsets);
            }
        }
    }

    /// <summary>The dot products of some quads of some rows, less what the zero of the codes adds.</summary>
    private static void Quads(EvexAssembler code, int[] dots, int first, int end, int firstRow, int rows, int centre, bool offsets)
    {
        for (int i = 0; i < rows; i++)
        {
            if (offsets)
            {
                code.Clear(dots[i]);
            }
            else
            {
                code.Broadcast(dots[i], RecordsAt, ((firstRow + i) * RecordBytes) + centre);
            }
        }

        for (int quad = first; quad < end; quad++)
        {
            for (int i = 0; i < rows; i++)
            {
                code.DotBytes(dots[i], Codes + quad, RecordsAt, ((firstRow + i) * RecordBytes) + (quad * 4));
            }
        }
    }

    /// <summary>Adds a block to the sum of a row.</summary>
    private static void Add(EvexAssembler code, int row, int dot, int secondDot, bool twoGroups, bool offsets)
    {
        int record = row * RecordBytes;
        int sum = Sums + row;
        code.ToFloat(dot, dot);
        code.Multiply(dot, dot, FirstScale);
        if (twoGroups)
        {
            code.ToFloat(secondDot, secondDot);
            code.FusedMultiplyAdd(dot, secondDot, SecondScale);
        }

        code.FusedMultiplyAdd(sum, dot, RecordsAt, record + Scale);
        if (offsets)
        {
            code.FusedMultiplyAdd(sum, FirstOffset, RecordsAt, record + ScaledSum + (twoGroups ? 4 : 0));
            if (twoGroups)
            {
                code.FusedMultiplyAdd(sum, SecondOffset, RecordsAt, record + ScaledSum + 8);
            }
        }
    }
}
