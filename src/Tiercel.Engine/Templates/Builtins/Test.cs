using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>What follows <c>is</c>: <c>input is name(arguments)</c>.</summary>
internal delegate bool Test(Execution run, Value input, CallArguments arguments);
