using System.Runtime.CompilerServices;
using Tiercel.Engine.Templates.Values;

namespace Tiercel.Engine.Templates.Runtime;

/// <summary>The state of one rendering: where output goes, which variables are seen, and what is left of the budget.</summary>
internal sealed class Execution
{
    private readonly RenderLimits _limits;
    private readonly CancellationToken _cancellation;
    private long _stepsLeft;
    private long _charactersLeft;
    private long _nextCheck;
    private int _depth;

    public Execution(RenderLimits limits, long inputValues, long inputCharacters, DateTimeOffset now, CancellationToken cancellation)
    {
        _limits = limits;
        _cancellation = cancellation;
        _stepsLeft = limits.Steps + (limits.StepsPerInputValue * inputValues) + inputCharacters;
        _charactersLeft = limits.Characters + (limits.CharactersPerInputCharacter * inputCharacters);
        _nextCheck = _stepsLeft;
        Now = now;
        Output = new TextBuilder(this);
        Scope = new Scope(parent: null);
    }

    public DateTimeOffset Now { get; }

    public TextBuilder Output { get; set; }

    public Scope Scope { get; set; }

    /// <summary>The line of the template that runs, for error messages.</summary>
    public int Line { get; set; }

    /// <summary>How many loops are around the current one; <c>loop.depth</c>.</summary>
    public int LoopDepth { get; set; }

    public void Step(long count = 1)
    {
        _stepsLeft -= count;
        if (_stepsLeft < 0)
        {
            throw new ChatTemplateException("the template needs too many steps");
        }

        if (_stepsLeft <= _nextCheck)
        {
            // The deadline is looked at every thousand steps: often enough for a limit of milliseconds.
            _nextCheck = _stepsLeft - 1024;
            _cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Pays for characters about to be made. A run of marks weighs as much as four characters.</summary>
    public void Characters(long count, int runs)
    {
        _charactersLeft -= count + (4L * runs);
        if (_charactersLeft < 0)
        {
            throw new ChatTemplateException("the template makes too much text");
        }

        if (count >= 64)
        {
            Step(count / 64);
        }
    }

    /// <summary>Pays for a new string besides its characters: the objects around them weigh about as much as thirty-two.</summary>
    public void NewText(int characters, int runs) => Characters((long)characters + 32, runs);

    /// <summary>Pays for looking through characters without making any.</summary>
    public void Scan(long count)
    {
        if (count >= 64)
        {
            Step(count / 64);
        }
    }

    /// <summary>
    /// Pays for searching a text for another. The worst case of a search is their product, and hostile text meets it; short needles cost one pass.
    /// </summary>
    public void Search(int length, int needle) => Scan((long)length * (1 + (needle / 32)));

    /// <summary>Goes one level deeper. An error ends the rendering, so that no level needs to be left after one.</summary>
    public void Descend()
    {
        if (++_depth > _limits.Depth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new ChatTemplateException("the template nests too deeply, or calls itself without end");
        }

        Step();
    }

    public void Ascend() => _depth--;
}
