using System.Runtime.ExceptionServices;
using Tiercel.Engine.Formats;
using Tiercel.Engine.Kernels;
using Tiercel.Engine.Templates;
using Tiercel.Engine.Tokenization;

namespace Tiercel.Engine.Serving;

/// <summary>
/// What can be made ready beside the weights, on a thread of its own: tokenizer, chat template, and the generated kernels of the file's types with their self-checks. Of a model of 600 million weights
/// it is a fifth of the work of loading.
/// </summary>
internal sealed class LoadCompanion
{
    private readonly GgufFile _file;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private Tokenizer? _tokenizer;

    /// <param name="file">Stays open until <see cref="Join"/> has returned.</param>
    public LoadCompanion(GgufFile file)
    {
        _file = file;
        _thread = new Thread(Run) { IsBackground = true, Name = "tiercel-load" };
        _thread.Start();
    }

    /// <summary>Of a model that has been read.</summary>
    public Tokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException("it has not been waited for");

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
            foreach (TensorType type in _file.Tensors.Values.Where(tensor => tensor.Shape.Count > 1).Select(tensor => tensor.Type).Distinct())
            {
                WeightMatrix.PrepareKernels(type);
            }
        }
#pragma warning disable CA1031 // Nothing may escape from a thread; it is thrown by the one that waits.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
    }
}
