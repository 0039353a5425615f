namespace Tiercel.Engine.Kernels.CodeGen;

/// <summary>General registers that a function may change under both calling conventions, with their numbers. (Those whose addressing needs an extra byte are not among them.)</summary>
internal enum Register
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}
