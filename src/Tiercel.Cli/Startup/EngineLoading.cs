using Tiercel.Engine;
using Tiercel.Engine.Kernels;

namespace Tiercel.Cli.Startup;

/// <summary>The real <see cref="EngineLoader"/>.</summary>
internal static class EngineLoading
{
    public static LoadedEngine Load(string path, InferenceEngineOptions options, TimeProvider time)
    {
        InferenceEngine engine = InferenceEngine.Load(path, options, time);
        return new LoadedEngine
        {
            Engine = engine,
            MemoryPlan = engine.Plan.Explanation,
            Threads = engine.Threads,
            KernelPath = KernelPaths.Name,
            DrainAsync = engine.DrainAsync,
            Owner = engine,
        };
    }
}
