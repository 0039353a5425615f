namespace Tiercel.Engine.Tokenization.Splitting;

/// <summary>How many digits a piece has at most.</summary>
internal interface IDigitRule
{
    static abstract int Most { get; }
}

internal readonly struct SingleDigits : IDigitRule
{
    public static int Most => 1;
}

internal readonly struct ThreeDigits : IDigitRule
{
    public static int Most => 3;
}

internal readonly struct AnyDigits : IDigitRule
{
    public static int Most => int.MaxValue;
}
