namespace Tiercel.Gateway.Admission;

/// <summary>
/// How many tokens a prompt of so many bytes has, before any engine has seen it: learnt from what engines report of one model.
/// The estimate is meant to be too high rather than too low; the end of the request corrects it. Pure: the owner locks.
/// </summary>
internal sealed class PromptEstimator
{
    /// <summary>Tokens that a chat template adds around messages.</summary>
    private const int TemplateTokens = 16;

    /// <summary>English has about four bytes to a token, other languages and code less.</summary>
    private const double FirstTokensPerByte = 1 / 3.0;

    private const double Learning = 0.05;

    /// <summary>Standard deviations above the mean that are allowed for.</summary>
    private const double Margin = 2;

    private double _mean = FirstTokensPerByte;
    private double _variance = 0.01;

    public long Estimate(long promptBytes)
    {
        // A byte is at most one token for every tokenizer in use.
        double perByte = Math.Min(1, _mean + Margin * Math.Sqrt(_variance));
        return (long)Math.Ceiling(Math.Max(0, promptBytes) * perByte) + TemplateTokens;
    }

    /// <summary>An engine has counted a prompt. Tiny prompts say more about the template than about the text.</summary>
    public void Observe(long promptBytes, long promptTokens)
    {
        if (promptBytes < 64 || promptTokens <= 0)
        {
            return;
        }

        double perByte = Math.Min(1, (double)promptTokens / promptBytes);
        double difference = perByte - _mean;
        _mean += Learning * difference;
        _variance = (1 - Learning) * (_variance + Learning * difference * difference);
    }
}
