using System.Runtime.ExceptionServices;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Kernels.CodeGen;
using Tiercel.Engine.Models;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Serving;

/// <summary>
/// What can be made ready beside the weights, on a thread of its own: tokenizer, chat template, the id of the numerics, and the generated kernels that the model will use with their self-checks. Of a
/// model of 600 million weights it is a fifth of the work of loading.
/// </summary>
internal sealed class LoadCompanion
{
    private readonly GgufFile _file;
    private readonly ModelSpec _spec;
    private readonly InferenceEngineOptions _options;
    private readonly int _contextLength;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private Tokenizer? _tokenizer;

    /// <param name="file">Stays open until <see cref="Join"/> has returned.</param>
    public LoadCompanion(GgufFile file, ModelSpec spec, InferenceEngineOptions options, int contextLength)
    {
        _file = file;
        _spec = spec;
        _options = options;
        _contextLength = contextLength;
        _thread = new Thread(Run) { IsBackground = true, Name = "tiercel-load" };
        _thread.Start();
    }

    /// <summary>Of a model that has been read.</summary>
    public Tokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException("it has not been waited for");

    /// <summary>See <see cref="NumericsIds"/>.</summary>
    public string NumericsId { get; private set; } = "";

    /// <summary>Null where the file has none.</summary>
    public ChatTemplate? ChatTemplate { get; private set; }

    /// <summary>Waits for the thread; what it did not manage is thrown by <see cref="ThrowIfFailed"/>.</summary>
    public void Join() => _thread.Join();

    /// <exception cref="ModelFormatException">There is no usable tokenizer.</exception>
    /// <exception cref="ChatTemplateException">The chat template is not a legal one.</exception>
    public void ThrowIfFailed() => _failure?.Throw();

    private void Run()
    {
        try
        {
            _tokenizer = Tokenizer.Create(_file.Metadata);
            ChatTemplate = _file.Metadata.GetString("tokenizer.chat_template") is string source ? ChatTemplate.Parse(source) : null;
            NumericsId = NumericsIds.Of(_file, _options, _contextLength);
            PrepareKernels();
        }
#pragma warning disable CA1031 // Nothing may escape from a thread; it is thrown by the one that waits.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    private void PrepareKernels()
    {
        HashSet<uint> types = [];
        foreach (GgufTensor tensor in _file.Tensors.Values)
        {
            if (tensor.Shape.Count > 1 && types.Add((uint)tensor.Type))
            {
                WeightMatrix.PrepareKernels(tensor.Type);
            }
        }

        AttentionKernel.Of(_spec.KeyLength, _spec.ValueLength);
    }
}
