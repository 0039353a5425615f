namespace Tiercel.Engine.Tests.Tokenization;

/// <summary>What llama.cpp makes of one string: special tokens as text, special tokens parsed, and with begin-of-text; whether decoding the first gives the string back.</summary>
internal sealed record GoldenRow(int[] Plain, int[] Special, int[] Bos, bool Round = true);
