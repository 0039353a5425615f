namespace Tiercel.Bench.Engine.Contenders;

/// <summary>An engine that is measured, loaded with a model. Greedy, tokens in and tokens out, every prompt made of new random tokens.</summary>
internal interface IContender : IDisposable
{
    /// <summary>Tokens a second of one stream.</summary>
    Figures Decode(int context, int outputs);

    /// <summary>Tokens a second of a prompt, to the first token.</summary>
    Figures Prefill(int tokens);

    /// <summary>Tokens a second of many streams together, from the moment when all have begun.</summary>
    Figures Streams(int streams, int prompt, int outputs);

    /// <summary>Streams that share a prefix: tokens a second of decoding, and the time of everything, the prefix computed once.</summary>
    Figures Shared(int streams, int prefix, int own, int outputs);

    /// <summary>The worst time between two tokens of running streams while a long prompt is taken in, in milliseconds.</summary>
    Figures Gap(int streams, int prompt);

    /// <summary>Milliseconds to turn a text into tokens, on one thread.</summary>
    Figures Tokenize(string text);

    /// <summary>Bytes that the process holds beyond weights and keys and values, after a long prompt.</summary>
    Figures Memory(int context);
}
