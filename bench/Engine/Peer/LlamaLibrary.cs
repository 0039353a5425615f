using System.Runtime.InteropServices;

namespace Tiercel.Bench.Engine.Peer;

/// <summary>The few functions of llama.cpp that the benchmark calls, declared by us, in the shared libraries of its npm package.</summary>
internal static unsafe partial class LlamaLibrary
{
    private const string Llama = "llama.v0.5.0";
    private const string Ggml = "ggml.v0.5.0";

    /// <summary>Loads the libraries of a folder, and lets the peer choose its best variant for this processor.</summary>
    public static void Open(string folder)
    {
        NativeLibrary.SetDllImportResolver(typeof(LlamaLibrary).Assembly, (name, _, _) => NativeLibrary.TryLoad(
            Path.Combine(folder, $"lib{name}.so"), out nint handle) ? handle : 0);
        LogSet(&Log, null);
        BackendInit();
        LoadAllBackends(folder);
    }

    /// <summary>Lines that the library has logged, for the sizes of its buffers.</summary>
    public static List<string> LogLines { get; } = [];

    [LibraryImport(Llama, EntryPoint = "llama_backend_init")]
    public static partial void BackendInit();

    [LibraryImport(Ggml, EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void LoadAllBackends(string folder);

    [LibraryImport(Llama, EntryPoint = "llama_log_set")]
    private static partial void LogSet(delegate* unmanaged<int, byte*, void*, void> callback, void* data);

    [LibraryImport(Llama, EntryPoint = "llama_model_default_params")]
    public static partial LlamaModelParams ModelDefaults();

    [LibraryImport(Llama, EntryPoint = "llama_context_default_params")]
    public static partial LlamaContextParams ContextDefaults();

    [LibraryImport(Llama, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint LoadModel(string path, LlamaModelParams options);

    [LibraryImport(Llama, EntryPoint = "llama_model_free")]
    public static partial void FreeModel(nint model);

    [LibraryImport(Llama, EntryPoint = "llama_init_from_model")]
    public static partial nint CreateContext(nint model, LlamaContextParams options);

    [LibraryImport(Llama, EntryPoint = "llama_free")]
    public static partial void FreeContext(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_model_get_vocab")]
    public static partial nint GetVocabulary(nint model);

    [LibraryImport(Llama, EntryPoint = "llama_vocab_n_tokens")]
    public static partial int VocabularySize(nint vocabulary);

    [LibraryImport(Llama, EntryPoint = "llama_tokenize")]
    public static partial int Tokenize(nint vocabulary, byte* text, int textLength, int* tokens, int maxTokens, byte addSpecial, byte parseSpecial);

    [LibraryImport(Llama, EntryPoint = "llama_get_memory")]
    public static partial nint GetMemory(nint context);

    [LibraryImport(Llama, EntryPoint = "llama_memory_seq_cp")]
    public static partial void CopySequence(nint memory, int source, int destination, int first, int end);

    [LibraryImport(Llama, EntryPoint = "llama_decode")]
    public static partial int Decode(nint context, LlamaBatch batch);

    [LibraryImport(Llama, EntryPoint = "llama_get_logits_ith")]
    public static partial float* GetLogits(nint context, int row);

    [UnmanagedCallersOnly]
    private static void Log(int level, byte* text, void* data)
    {
        lock (LogLines)
        {
            LogLines.Add(Marshal.PtrToStringUTF8((nint)text) ?? "");
        }
    }
}
