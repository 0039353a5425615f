namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>
/// Writes the few x86-64 instructions that the generated kernels use. Vector instructions are in EVEX form (Intel SDM volume 2, section 2.7): four prefix bytes that carry, inverted, the
/// upper bits of the register numbers, then opcode, ModRM and a displacement that counts in units of the memory operand where it fits a byte.
/// </summary>
internal sealed class EvexAssembler
{
    private const int OneByteMap = 1; // 0F
    private const int ThreeByteMap = 2; // 0F 38
    private const int ImmediateMap = 3; // 0F 3A
    private const int NoPrefix = 0;
    private const int Prefix66 = 1;
    private const int VectorBytes = 64;
    private const int LaneBytes = 4;

    private readonly List<byte> _code = [];

    /// <summary>Bytes so far, where the next instruction will be.</summary>
    public int Position => _code.Count;

    public byte[] ToArray() => [.. _code];

    /// <summary>Marks a place that indirect calls may reach, where the processor checks that.</summary>
    public void EndBranch64() => _code.AddRange([0xf3, 0x0f, 0x1e, 0xfa]);

    public void Return() => _code.Add(0xc3);

    public void ZeroUpper() => _code.AddRange([0xc5, 0xf8, 0x77]);

    /// <summary>register = [address + displacement], 64 bits.</summary>
    public void Load(Register register, Register address, sbyte displacement)
        => _code.AddRange([Rex(register, address), 0x8b, ModRm(1, (int)register, (int)address), (byte)displacement]);

    /// <summary>register += value.</summary>
    public void Add(Register register, int value)
    {
        _code.AddRange([Rex(Register.Rax, register), 0x81, ModRm(3, 0, (int)register)]);
        _code.AddRange(BitConverter.GetBytes(value));
    }

    /// <summary>register += other.</summary>
    public void Add(Register register, Register other) => _code.AddRange([Rex(other, register), 0x01, ModRm(3, (int)other, (int)register)]);

    /// <summary>register = other.</summary>
    public void Move(Register register, Register other) => _code.AddRange([Rex(other, register), 0x89, ModRm(3, (int)other, (int)register)]);

    /// <summary>Sets the zero flag if none of the bits of a mask is set in a register.</summary>
    public void Test(Register register, int mask)
    {
        _code.AddRange([Rex(Register.Rax, register), 0xf7, ModRm(3, 0, (int)register)]);
        _code.AddRange(BitConverter.GetBytes(mask));
    }

    /// <summary>Takes one off a register; the zero flag says whether nothing is left.</summary>
    public void Decrement(Register register) => _code.AddRange([Rex(Register.Rax, register), 0xff, ModRm(3, 1, (int)register)]);

    /// <summary>Jumps back to a position unless the zero flag is set.</summary>
    public void JumpIfNotZero(int position)
    {
        _code.AddRange([0x0f, 0x85]);
        _code.AddRange(BitConverter.GetBytes(position - (_code.Count + 4)));
    }

    /// <summary>Jumps over what follows, up to <see cref="Land"/>, unless the zero flag is set. Returns what that needs.</summary>
    public int JumpAheadIfNotZero()
    {
        JumpIfNotZero(_code.Count);
        return _code.Count;
    }

    /// <summary>Makes a jump of <see cref="JumpAheadIfNotZero"/> arrive here.</summary>
    public void Land(int jump)
    {
        byte[] distance = BitConverter.GetBytes(_code.Count - jump);
        for (int i = 0; i < distance.Length; i++)
        {
            _code[jump - distance.Length + i] = distance[i];
        }
    }

    /// <summary>prefetcht1 [address + displacement].</summary>
    public void Prefetch(Register address, int displacement)
    {
        // No REX.W: the operand has no size.
        _code.AddRange([(byte)(0x40 | ((int)address >> 3)), 0x0f, 0x18, ModRm(2, 2, (int)address)]);
        _code.AddRange(BitConverter.GetBytes(displacement));
    }

    /// <summary>vmovups zmm, [address + displacement].</summary>
    public void LoadVector(int vector, Register address, int displacement)
        => Memory(OneByteMap, NoPrefix, 0x10, vector, 0, address, displacement, broadcast: false);

    /// <summary>vmovups [address + displacement], zmm.</summary>
    public void StoreVector(int vector, Register address, int displacement)
        => Memory(OneByteMap, NoPrefix, 0x11, vector, 0, address, displacement, broadcast: false);

    /// <summary>vpbroadcastd zmm, [address + displacement]: one 32-bit number to all lanes.</summary>
    public void Broadcast(int vector, Register address, int displacement)
        => Memory(ThreeByteMap, Prefix66, 0x58, vector, 0, address, displacement, broadcast: false, LaneBytes);

    /// <summary>vcvtph2ps zmm, [address + displacement]: 16 float16 numbers to floats.</summary>
    public void LoadHalves(int vector, Register address, int displacement)
        => Memory(ThreeByteMap, Prefix66, 0x13, vector, 0, address, displacement, broadcast: false, VectorBytes / 2);

    /// <summary>vpmovsxbd zmm, [address + displacement]: 16 signed bytes to 32-bit integers.</summary>
    public void LoadSignedBytes(int vector, Register address, int displacement)
        => Memory(ThreeByteMap, Prefix66, 0x21, vector, 0, address, displacement, broadcast: false, VectorBytes / 4);

    /// <summary>vpandd: both bits, of a vector and the 32-bit number at the address.</summary>
    public void And(int result, int source, Register address, int displacement)
        => Memory(OneByteMap, Prefix66, 0xdb, result, source, address, displacement, broadcast: true);

    /// <summary>vpternlogd: to the bits of the result those that are both in a vector and in the 32-bit number at the address.</summary>
    public void OrAnd(int result, int source, Register address, int displacement)
    {
        const byte FirstOrBothOthers = 0xf8;
        Memory(ImmediateMap, Prefix66, 0x25, result, source, address, displacement, broadcast: true);
        _code.Add(FirstOrBothOthers);
    }

    /// <summary>vpsrlw, or vpsllw for a negative count: moves the bits of 16-bit lanes.</summary>
    public void ShiftRight16(int result, int source, int count)
    {
        Registers(OneByteMap, Prefix66, 0x71, count >= 0 ? 2 : 6, result, source);
        _code.Add((byte)Math.Abs(count));
    }

    /// <summary>vmulps: factor times the float at the address.</summary>
    public void Multiply(int product, int factor, Register address, int displacement)
        => Memory(OneByteMap, NoPrefix, 0x59, product, factor, address, displacement, broadcast: true);

    /// <summary>vpdpbusd: to each 32-bit lane of the sum, its four unsigned bytes times the four signed bytes at the address.</summary>
    public void DotBytes(int sum, int unsigned, Register address, int displacement)
        => Memory(ThreeByteMap, Prefix66, 0x50, sum, unsigned, address, displacement, broadcast: true);

    /// <summary>vfmadd231ps: sum += factor times the float at the address, rounded once.</summary>
    public void FusedMultiplyAdd(int sum, int factor, Register address, int displacement)
        => Memory(ThreeByteMap, Prefix66, 0xb8, sum, factor, address, displacement, broadcast: true);

    /// <summary>vfmadd231ps: sum += left times right, rounded once.</summary>
    public void FusedMultiplyAdd(int sum, int left, int right) => Registers(ThreeByteMap, Prefix66, 0xb8, sum, left, right);

    /// <summary>vmulps.</summary>
    public void Multiply(int product, int left, int right) => Registers(OneByteMap, NoPrefix, 0x59, product, left, right);

    /// <summary>vcvtdq2ps: 32-bit integers to floats.</summary>
    public void ToFloat(int result, int source) => Registers(OneByteMap, NoPrefix, 0x5b, result, 0, source);

    /// <summary>vpxord with itself.</summary>
    public void Clear(int vector) => Registers(OneByteMap, Prefix66, 0xef, vector, vector, vector);

    private void Registers(int map, int prefix, byte opcode, int destination, int first, int second)
    {
        Evex(map, prefix, destination, first, (second >> 3) & 1, (second >> 4) & 1, broadcast: false);
        _code.AddRange([opcode, ModRm(3, destination, second)]);
    }

    private void Memory(
        int map, int prefix, byte opcode, int destination, int first, Register address, int displacement, bool broadcast, int unit = 0)
    {
        unit = unit != 0 ? unit : broadcast ? LaneBytes : VectorBytes;
        Evex(map, prefix, destination, first, ((int)address >> 3) & 1, 0, broadcast);
        _code.Add(opcode);
        if (displacement % unit == 0 && displacement / unit is >= sbyte.MinValue and <= sbyte.MaxValue)
        {
            _code.AddRange([ModRm(1, destination, (int)address), (byte)(displacement / unit)]);
        }
        else
        {
            _code.Add(ModRm(2, destination, (int)address));
            _code.AddRange(BitConverter.GetBytes(displacement));
        }
    }

    /// <summary>The prefix: an operation on 512 bits without mask. Bits of register numbers are stored inverted.</summary>
    private void Evex(int map, int prefix, int destination, int first, int baseBit3, int baseBit4, bool broadcast)
    {
        int p0 = ((~(destination >> 3) & 1) << 7) | ((~baseBit4 & 1) << 6) | ((~baseBit3 & 1) << 5) | ((~(destination >> 4) & 1) << 4) | map;
        int p1 = ((~first & 15) << 3) | 4 | prefix;
        int p2 = (2 << 5) | (broadcast ? 1 << 4 : 0) | ((~(first >> 4) & 1) << 3);
        _code.AddRange([0x62, (byte)p0, (byte)p1, (byte)p2]);
    }

    private static byte Rex(Register reg, Register rm) => (byte)(0x48 | (((int)reg >> 3) << 2) | ((int)rm >> 3));

    private static byte ModRm(int mode, int reg, int rm) => (byte)((mode << 6) | ((reg & 7) << 3) | (rm & 7));
}
