using Tiercel.Engine;

namespace Tiercel.Cli.Startup;

/// <summary>Loads a model file into an engine.</summary>
internal delegate LoadedEngine EngineLoader(string path, InferenceEngineOptions options, TimeProvider time);
