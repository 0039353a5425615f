using Tiercel.Engine.Templates.Runtime;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Builtins;

/// <summary>What follows a bar: <c>input | name(arguments)</c>.</summary>
internal delegate Value Filter(Execution run, Value input, CallArguments arguments);
