using Tiercel.Engine;

namespace Tiercel.Cli.Tests.Commands;

/// <summary>What a scripted engine says to a request.</summary>
/// <param name="Pieces">Text, piece by piece.</param>
/// <param name="WaitForCancel">Whether it goes on until it is cancelled.</param>
/// <param name="Refusal">When set, the request is refused with it.</param>
internal sealed record ScriptedAnswer(string[] Pieces, bool WaitForCancel = false, EngineError? Refusal = null);
