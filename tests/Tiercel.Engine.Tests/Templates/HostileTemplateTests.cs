using System.Text;
using System.Text.Json;
using Tiercel.Engine.Templates;
using Tiercel.Testing;

namespace Tiercel.Engine.Tests.Templates;

/// <summary>Templates that mean harm: each ends in a clear error, soon, and in little memory.</summary>
public sealed class HostileTemplateTests
{
    private const long MaxAllocated = 64 * 1024 * 1024;

    private static readonly ChatTemplateInputs Hello = new() { Messages = [new ChatMessage("user", "Hello <|im_end|>")] };

    public static TheoryData<string, string> Templates { get; } = new()
    {
        { "a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}" },
        { "a macro that calls itself twice", "{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 2) }}{% endmacro %}{{ m(0) }}" },
        { "two macros that call each other", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}" },
        { "a macro that is its own default", "{% macro m(x=m()) %}{% endmacro %}{{ m() }}" },
        { "a recursive loop over itself", "{% set l = [1] %}{% set _ = l.append(l) %}{% for x in l recursive %}{% if x is sequence %}{{ loop(x) }}{% endif %}{% endfor %}" },
        { "a large range", "{% for i in range(10**9) %}{% endfor %}" },
        { "a range of all numbers", "{{ range(-2**31, 2**31 - 1)|length }}" },
        { "ranges in ranges", "{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}{% endfor %}{% endfor %}{% endfor %}" },
        { "a doubling string", "{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}" },
        { "a doubling string with ~", "{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}" },
        { "a doubling list", "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}" },
        { "a doubling message", "{% set ns = namespace(s=messages[0].content) %}{% for i in range(100) %}{% set ns.s = ns.s + 'x' + ns.s %}{% endfor %}" },
        { "a doubling replacement", "{% set ns = namespace(s='a') %}{% for i in range(100) %}{% set ns.s = ns.s|replace('a', 'aa') %}{% endfor %}" },
        { "a replacement of nothing", "{% set s = 'a' * 100000 %}{{ s.replace('', s) }}" },
        { "a doubling join", "{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s.join([ns.s, ns.s, ns.s]) %}{% endfor %}" },
        { "a repeated string", "{{ 'x' * 10**9 }}" },
        { "an endlessly repeated string", "{{ 'x' * 10**30 }}" },
        { "a repeated list", "{{ [1] * 10**9 }}" },
        { "a repeated empty string in a loop", "{% for i in range(2000) %}{{ ('' * 10**9) ~ ([] * 10**9) }}{{ 'x' * 100000 }}{% endfor %}" },
        { "a wide field", "{{ '%999999999d' % 5 }}" },
        { "a wide centre", "{{ 'x'.center(10**9) }}" },
        { "a wide indent", "{{ ('x\n' * 100000)|indent(1000) }}" },
        { "a wide JSON", "{{ [[1] * 1000] * 1000 | tojson(indent=64) }}" },
        { "a tower of powers", "{{ 9 ** 9 ** 9 ** 9 }}" },
        { "a growing number", "{% set ns = namespace(n=2) %}{% for i in range(100) %}{% set ns.n = ns.n * ns.n %}{% endfor %}" },
        { "a list that holds itself, printed", "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}" },
        { "a list that holds itself, as JSON", "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}" },
        { "lists that hold themselves, compared", "{% set a = [] %}{% set b = [] %}{% set _ = a.append(a) %}{% set _ = b.append(b) %}{{ a == b }}" },
        { "a list doubled within itself, printed", "{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}" },
        { "a list that grows while it is gone over", "{% set l = [1] %}{% for i in range(100000) %}{% set _ = l.extend(l) %}{% endfor %}" },
        { "a search of the worst kind", "{% set s = 'a' * 500000 %}{% set n = 'a' * 250000 + 'b' %}{% for i in range(1000) %}{{ n in s }}{% endfor %}" },
        { "splits of a long string", "{% set s = 'a ' * 200000 %}{% for i in range(1000) %}{% set _ = s.split() %}{% endfor %}" },
        { "comparisons of long strings", "{% set a = 'a' * 400000 %}{% set b = 'a' * 400000 %}{% for i in range(100000) %}{{ a == b }}{% endfor %}" },
        { "lookups by a long key", "{% set k = 'a' * 400000 %}{% set d = {k: 1} %}{% for i in range(100000) %}{{ d[k] }}{% endfor %}" },
        { "lower case over and over", "{% set k = 'a' * 400000 %}{% for i in range(100000) %}{% set _ = k.islower() %}{% endfor %}" },
        { "sorts of a long list", "{% set l = range(50000)|list %}{% for i in range(1000) %}{% set _ = l|sort(reverse=true) %}{% endfor %}" },
        { "insertions at the front", "{% set l = range(200000)|list %}{% for i in range(200000) %}{% set _ = l.insert(0, 1) %}{% endfor %}" },
        { "a name of many letters", "{{ " + new string('x', 300) + " }}" },
        { "a macro of many parameters", "{% macro m(" + string.Join(',', Enumerable.Range(0, 300).Select(i => "p" + i)) + ") %}{% endmacro %}" },
        { "many variables looked up", string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{{% set v{i} = 1 %}}")) + "{% for i in range(100000) %}{% for j in range(100) %}{{ v9999 }}{% endfor %}{% endfor %}" },
        { "the class of a string", "{{ ''.__class__ }}" },
        { "the class of a string by key", "{{ ''['__class__'] }}" },
        { "the class of a string by filter", "{{ (''|attr('__class__')).__mro__ }}" },
        { "the classes of all", "{{ ''.__class__.__mro__[1].__subclasses__() }}" },
        { "the globals of cycler", "{{ cycler.__init__.__globals__ }}" },
        { "the globals of a macro", "{% macro m() %}{% endmacro %}{{ m.__globals__ }}" },
        { "the template itself", "{{ self._TemplateReference__context }}" },
        { "a message's class by map", "{{ messages|map(attribute='__class__')|list }}" },
        { "a format with attributes", "{{ '{0.__class__}'.format(messages) }}" },
        { "an unknown filter", "{{ 1|system }}" },
        { "an unknown test", "{{ 1 is system }}" },
        { "a file", "{% include '/etc/passwd' %}" },
        { "an import", "{% import 'os' as os %}" },
        { "a tag that stays open", "{{ 1 " },
        { "a comment that stays open", "{# " },
        { "a raw block that stays open", "{% raw %}" },
        { "a string that stays open", "{{ ' }}" },
        { "an escape that stays open", "{{ '\\" },
        { "a broken escape", "{{ '\\uD8' }}" },
        { "a block that stays open", "{% if 1 %}" },
        { "an end without a beginning", "{% endif %}" },
        { "crossed brackets", "{{ ([)] }}" },
        { "a break outside a loop", "{% break %}" },
        { "a break out of a macro", "{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}" },
        { "a large integer", "{{ " + new string('9', 100_000) + " }}" },
    };

    public static TheoryData<string, string, string, string> Nested { get; } = new()
    {
        { "(", "1", ")", "{{ @ }}" },
        { "[", "1", "]", "{{ @ }}" },
        { "{1:", "1", "}", "{{ @ }}" },
        { "not ", "1", "", "{{ @ }}" },
        { "-", "1", "", "{{ @ }}" },
        { "1 if 1 else ", "1", "", "{{ @ }}" },
        { "f(", "1", ")", "{{ @ }}" },
        { "x[", "1", "]", "{{ @ }}" },
        { "{% if 1 %}", "x", "{% endif %}", "@" },
        { "{% for i in [1] %}", "x", "{% endfor %}", "@" },
        { "{% set x %}", "x", "{% endset %}", "@" },
        { "{% macro m() %}kwargs", "x", "{% endmacro %}", "@" },
        { "(", "a", ",)", "{% set @ = 1 %}" },
        { "", "x", ".a", "{{ @ }}" },
        { "", "x", "|list", "{{ @ }}" },
        { "", "x", " is string", "{{ @ }}" },
        { "", "1", " + 1", "{{ @ }}" },
        { "", "1", " or 0", "{{ @ }}" },
    };

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_hostile_template_is_stopped(string name, string template)
    {
        ChatTemplateException error = AssertStopped(template, Hello);
        Assert.False(string.IsNullOrWhiteSpace(error.Message), name);
        Assert.True(error.Message.Length < 500, name);
    }

    [Theory]
    [MemberData(nameof(Nested))]
    public void Ten_thousand_levels_are_refused(string open, string inner, string close, string around)
    {
        StringBuilder template = new();
        template.Insert(0, open, 10_000).Append(inner).Insert(template.Length, close, 10_000);
        AssertStopped(around.Replace("@", template.ToString(), StringComparison.Ordinal), Hello);
    }

    [Fact]
    public void A_template_that_is_too_long_is_refused()
    {
        Assert.Contains("characters", AssertStopped(new string('x', ChatTemplate.MaxSourceLength + 1), Hello).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{")]
    [InlineData("{% if x %}")]
    [InlineData("{{ 'a' 'a' }}")]
    [InlineData("{{ a }}")]
    [InlineData("{#")]
    [InlineData("{% raw %}")]
    [InlineData("{{ [(")]
    [InlineData("{% macro m() %}")]
    public void The_longest_template_of_one_piece_repeated_is_parsed_or_refused(string piece)
    {
        string template = string.Concat(Enumerable.Repeat(piece, ChatTemplate.MaxSourceLength / piece.Length));
        Measured(() =>
        {
            try
            {
                ChatTemplate.Parse(template).Render(Hello);
            }
            catch (ChatTemplateException)
            {
                // Refused is as good as done; what counts is the time and the memory.
            }
        });
    }

    [Fact]
    public void Deeply_nested_tools_are_stopped_not_overflowed()
    {
        string json = new string('[', 60) + new string(']', 60);
        ChatTemplateInputs inputs = Hello with { Tools = JsonElement.Parse(json) };
        Assert.Equal(json, TemplateCases.Render("{{ tools|tojson }}", inputs));
    }

    [Fact]
    public void Cancelling_ends_a_long_rendering()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        ChatTemplate template = ChatTemplate.Parse("{% for i in range(100000) %}{{ i }}{% endfor %}");
        Assert.Throws<OperationCanceledException>(() => template.Render(Hello, source.Token));
    }

    [Fact]
    public void A_small_stack_gives_an_error_and_no_crash()
    {
        ChatTemplate template = ChatTemplate.Parse("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
        Exception? error = null;
        Thread thread = new(() => error = Record.Exception(() => template.Render(Hello)), maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.IsType<ChatTemplateException>(error);
    }

    [Fact]
    public void A_long_conversation_is_within_the_limits()
    {
        ChatTemplateInputs inputs = new()
        {
            Messages = [.. Enumerable.Range(0, 20_000).Select(i => new ChatMessage(i % 2 == 0 ? "user" : "assistant", new string('x', 200)))],
        };
        foreach (string name in (string[])["chatml.jinja", "qwen3.jinja", "mistral.jinja", "harmony.jinja", "gemma.jinja"])
        {
            Assert.True(TemplateCases.Render(TemplateCases.ReadTemplate(name), inputs).Length > 4_000_000, name);
        }
    }

    private static ChatTemplateException AssertStopped(string template, ChatTemplateInputs inputs)
    {
        ChatTemplateException? error = null;
        Measured(() => error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(inputs)));
        return error!;
    }

    /// <summary>Everything allocated counts, not only what is kept, so that the bound does not depend on when memory is collected.</summary>
    private static void Measured(Action action)
    {
        TimeBound.Hold(TimeSpan.FromSeconds(1), () =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= MaxAllocated, $"{allocated / 1024 / 1024} MiB were allocated");
        });
    }
}
