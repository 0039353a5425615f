using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tiercel.Bench.Engine.Measuring;
using Tiercel.Bench.Engine.Peer;

namespace Tiercel.Bench.Engine.Contenders;

/// <summary>llama.cpp as a library, with its defaults; each measurement has a context of the size it needs, made before the clock starts.</summary>
internal sealed unsafe partial class LlamaContender : IContender
{
    private readonly int _threads;
    private readonly nint _model;
    private readonly int _vocabulary;
    private readonly Random _random = new(7);

    public LlamaContender(string folder, string path, int threads)
    {
        LlamaLibrary.Open(folder);
        _threads = threads;
        _model = LlamaLibrary.LoadModel(path, LlamaLibrary.ModelDefaults());
        if (_model == 0)
        {
            throw new InvalidOperationException($"llama.cpp does not load {path}:\n{string.Concat(LlamaLibrary.LogLines.TakeLast(10))}");
        }

        _vocabulary = LlamaLibrary.VocabularySize(LlamaLibrary.GetVocabulary(_model));
    }

    public Figures Decode(int context, int outputs)
    {
        using Run run = new(this, 1, context + outputs + 8, unified: false);
        int token = run.Fill(0, 0, context);
        token = run.Step(0, token);
        long start = Clock.Now;
        for (int i = 0; i < outputs; i++)
        {
            token = run.Step(0, token);
        }

        return new Figures(outputs / Clock.SecondsSince(start));
    }

    public Figures Prefill(int tokens)
    {
        using Run run = new(this, 1, tokens + 8, unified: false);
        long start = Clock.Now;
        run.Fill(0, 0, tokens);
        return new Figures(tokens / Clock.SecondsSince(start));
    }

    public Figures Streams(int streams, int prompt, int outputs)
    {
        using Run run = new(this, streams, prompt + outputs + 8, unified: false);
        int[] next = run.FillAll(prompt);
        run.StepAll(next);
        long start = Clock.Now;
        for (int i = 0; i < outputs; i++)
        {
            run.StepAll(next);
        }

        return new Figures(streams * outputs / Clock.SecondsSince(start));
    }

    public Figures Shared(int streams, int prefix, int own, int outputs)
    {
        // One buffer for all sequences, as its header advises for a shared prefix.
        using Run run = new(this, streams, prefix + (streams * (own + outputs + 8)), unified: true);
        long start = Clock.Now;
        run.Fill(0, 0, prefix);
        run.ShareFirst(streams);
        int[] next = run.FillAll(own);
        long decoding = Clock.Now;
        for (int i = 0; i < outputs; i++)
        {
            run.StepAll(next);
        }

        double total = Clock.SecondsSince(start);
        return new Figures(streams * outputs / Clock.SecondsSince(decoding), new() { ["total s"] = total, ["all tok/s"] = (prefix + (streams * (own + outputs))) / total });
    }

    public Figures Gap(int streams, int prompt)
    {
        using Run run = new(this, streams + 1, prompt + (streams * 64), unified: true);
        int[] next = run.FillAll(16, streams);
        for (int i = 0; i < 8; i++)
        {
            run.StepAll(next);
        }

        long start = Clock.Now;
        double worst = 0;
        for (int done = 0; done < prompt;)
        {
            long before = Clock.Now;
            done = run.StepAllAndFill(next, streams, done, prompt);
            worst = Math.Max(worst, Clock.SecondsSince(before));
        }

        return new Figures(worst * 1000, new() { ["prompt s"] = Clock.SecondsSince(start) });
    }

    public Figures Memory(int context)
    {
        using Run run = new(this, 1, context, unified: false);
        int token = run.Fill(0, 0, context - 16);
        for (int i = 0; i < 4; i++)
        {
            token = run.Step(0, token);
        }

        // Weights that were copied out of the mapped file, and the cache, as the library says itself.
        double weights = 0;
        double cache = 0;
        foreach (string line in LlamaLibrary.LogLines)
        {
            double bytes = BufferSize().Match(line) is { Success: true } match ? double.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture) * 1024 * 1024 : 0;
            weights += line.Contains("model buffer size", StringComparison.Ordinal) && !line.Contains("Mapped", StringComparison.Ordinal) ? bytes : 0;
            cache = line.Contains("KV buffer size", StringComparison.Ordinal) ? bytes : cache;
        }

        double all = ProcessMemory.AnonymousBytes(Environment.ProcessId);
        return new Figures(
            (all - weights - cache) / 1e6, new() { ["anonymous MB"] = all / 1e6, ["weights MB"] = weights / 1e6, ["cache MB"] = cache / 1e6 });
    }

    public Figures Tokenize(string text)
    {
        nint vocabulary = LlamaLibrary.GetVocabulary(_model);
        int[] tokens = new int[text.Length + 16];
        return RepeatedTime.Milliseconds(() =>
        {
            // From a string as it comes out of a request's body, for both.
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            fixed (byte* source = bytes)
            fixed (int* target = tokens)
            {
                int count = LlamaLibrary.Tokenize(vocabulary, source, bytes.Length, target, tokens.Length, addSpecial: 0, parseSpecial: 0);
                return count >= 0 ? count : throw new InvalidOperationException($"llama_tokenize gave {count}");
            }
        });
    }

    public void Dispose() => LlamaLibrary.FreeModel(_model);

    [GeneratedRegex(@"buffer size\s*=\s*(?<size>[0-9.]+) MiB", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex BufferSize();

    /// <summary>One context and its sequences.</summary>
    private sealed class Run : IDisposable
    {
        private const int BatchRows = 2048;
        private readonly LlamaContender _owner;
        private readonly RowBatch _batch = new(BatchRows);
        private readonly nint _context;
        private readonly int[] _lengths;

        /// <param name="tokens">Tokens of each sequence, or of all where the cache is unified.</param>
        public Run(LlamaContender owner, int sequences, int tokens, bool unified)
        {
            _owner = owner;
            _lengths = new int[sequences];
            LlamaContextParams options = LlamaLibrary.ContextDefaults();
            uint cells = (uint)((tokens + 255) / 256 * 256);
            options.Context = unified ? cells : cells * (uint)sequences;
            options.MaxSequences = (uint)sequences;
            options.Threads = owner._threads;
            options.ThreadsBatch = owner._threads;
            options.UnifiedKv = unified ? (byte)1 : (byte)0;
            _context = LlamaLibrary.CreateContext(owner._model, options);
            if (_context == 0)
            {
                throw new InvalidOperationException($"llama.cpp makes no context:\n{string.Concat(LlamaLibrary.LogLines.TakeLast(10))}");
            }
        }

        /// <summary>Random tokens to a sequence; the token that follows.</summary>
        public int Fill(int sequence, int from, int count)
        {
            int row = 0;
            for (int i = from; i < from + count;)
            {
                _batch.Clear();
                while (i < from + count && !_batch.IsFull)
                {
                    row = _batch.Add(_owner.AnyToken(), _lengths[sequence]++, sequence, i == from + count - 1);
                    i++;
                }

                _batch.Run(_context);
            }

            return _owner.Largest(_context, row);
        }

        /// <summary>Random tokens to each sequence (or the first few), in as few batches as they fit in.</summary>
        public int[] FillAll(int count, int? sequences = null)
        {
            int[] next = new int[sequences ?? _lengths.Length];
            int perBatch = Math.Max(1, BatchRows / count);
            for (int first = 0; first < next.Length; first += perBatch)
            {
                _batch.Clear();
                int end = Math.Min(next.Length, first + perBatch);
                int[] rows = new int[end - first];
                for (int sequence = first; sequence < end; sequence++)
                {
                    for (int i = 0; i < count; i++)
                    {
                        rows[sequence - first] = _batch.Add(_owner.AnyToken(), _lengths[sequence]++, sequence, i == count - 1);
                    }
                }

                _batch.Run(_context);
                for (int sequence = first; sequence < end; sequence++)
                {
                    next[sequence] = _owner.Largest(_context, rows[sequence - first]);
                }
            }

            return next;
        }

        public int Step(int sequence, int token)
        {
            _batch.Clear();
            int row = _batch.Add(token, _lengths[sequence]++, sequence, wanted: true);
            _batch.Run(_context);
            return _owner.Largest(_context, row);
        }

        public void StepAll(int[] next)
        {
            _batch.Clear();
            for (int sequence = 0; sequence < next.Length; sequence++)
            {
                _batch.Add(next[sequence], _lengths[sequence]++, sequence, wanted: true);
            }

            _batch.Run(_context);
            for (int sequence = 0; sequence < next.Length; sequence++)
            {
                next[sequence] = _owner.Largest(_context, sequence);
            }
        }

        /// <summary>Running sequences first, then as much of a prompt as the batch holds: what its server does. Returns how much of the prompt is done.</summary>
        public int StepAllAndFill(int[] next, int promptSequence, int done, int prompt)
        {
            _batch.Clear();
            for (int sequence = 0; sequence < next.Length; sequence++)
            {
                _batch.Add(next[sequence], _lengths[sequence]++, sequence, wanted: true);
            }

            for (; done < prompt && !_batch.IsFull; done++)
            {
                _batch.Add(_owner.AnyToken(), _lengths[promptSequence]++, promptSequence, done == prompt - 1);
            }

            _batch.Run(_context);
            for (int sequence = 0; sequence < next.Length; sequence++)
            {
                next[sequence] = _owner.Largest(_context, sequence);
            }

            return done;
        }

        /// <summary>Gives all sequences what the first has.</summary>
        public void ShareFirst(int sequences)
        {
            nint memory = LlamaLibrary.GetMemory(_context);
            for (int sequence = 1; sequence < sequences; sequence++)
            {
                LlamaLibrary.CopySequence(memory, 0, sequence, 0, _lengths[0]);
                _lengths[sequence] = _lengths[0];
            }
        }

        public void Dispose()
        {
            _batch.Dispose();
            LlamaLibrary.FreeContext(_context);
        }
    }

    private int AnyToken() => _random.Next(_vocabulary - 1);

    /// <summary>Greedy choice: leaner than the library's own sampler, which copies the vocabulary.</summary>
    private int Largest(nint context, int row)
    {
        ReadOnlySpan<float> logits = new(LlamaLibrary.GetLogits(context, row), _vocabulary);
        return Logits.IndexOfLargest(logits);
    }
}
