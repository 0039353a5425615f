using Tiercel.Cli.ModelStore;
using Tiercel.Engine.Formats;
using Tiercel.Testing;

namespace Tiercel.Cli.Tests.ModelStore;

public sealed class ModelPullerTests
{
    private const int Size = 3_000_000;
    private const string File = "Model-Q4_K_M.gguf";
    private const string Stored = "Maker/Model-GGUF/Model-Q4_K_M.gguf";
    private const string Name = "Maker/Model-GGUF:Q4_K_M";

    [Fact]
    public async Task A_pulled_model_is_in_the_store_with_its_record()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files["Model-Q8_0.gguf"] = PullFixture.Content(100, 1);
        pull.Hub.Files[File] = PullFixture.Content(Size, 2);
        PullOutcome outcome = await pull.PullAsync("hf.co/maker/model-gguf:q4_k_m");

        Assert.Equal(Size, outcome.Fetched);
        Assert.Equal([Stored, $"{Stored}.json"], pull.StoredFiles);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        StoredModel found = pull.Store.Find(Name);
        Assert.Equal((Name, Size, "Q4_K_M", null), (found.Name, found.Size, found.Quantization, found.Problem));
        Assert.Equal(("Maker/Model-GGUF", HubServer.Commit), (found.Record!.Repository, found.Record.Revision));
        Assert.Equal(new ModelRecordFile(File, Size, HubServer.HashOf(pull.Hub.Files[File])), Assert.Single(found.Record.Files));
        Assert.InRange(found.Record.PulledAt, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task A_second_pull_fetches_nothing_and_a_new_version_replaces_the_old_one()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        await pull.PullAsync(Name);
        Assert.Equal(0, (await pull.PullAsync(Name)).Fetched);
        Assert.Equal(Size, pull.Hub.Sent);

        pull.Hub.Files[File] = PullFixture.Content(Size + 1, 2);
        Assert.Equal(Size + 1, (await pull.PullAsync(Name)).Fetched);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(pull.Store.Find(Name).Path));
        Assert.Equal([Stored, $"{Stored}.json"], pull.StoredFiles);
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_never_to_the_host_it_redirects_to()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Gated = true;
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        pull.Token = HubServer.Token;
        await pull.PullAsync(Name);

        Assert.Equal(3, pull.Hub.Requests.Count(request => request.ToHub));
        Assert.Equal(2, pull.Hub.Requests.Count(request => !request.ToHub));
        Assert.All(pull.Hub.Requests, request => Assert.Equal(request.ToHub ? $"Bearer {HubServer.Token}" : null, request.Authorization));
    }

    [Fact]
    public async Task A_gated_model_says_what_to_do()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Gated = true;
        pull.Hub.Files[File] = PullFixture.Content(100, 1);
        string refusal = await pull.RefusalAsync(Name);
        Assert.Equal($"Maker/Model-GGUF is a gated model: accept its terms at {pull.Hub.Address}Maker/Model-GGUF and set HF_TOKEN to your access token", refusal);

        pull.Token = "hf_bad";
        Assert.Contains("HF_TOKEN has no access to it", await pull.RefusalAsync(Name));
        Assert.DoesNotContain(pull.StoredFiles, path => path.EndsWith(".gguf", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_that_the_hub_does_not_have_are_refused_in_one_line()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files["Model-Q8_0.gguf"] = PullFixture.Content(100, 1);
        Assert.Contains("nobody/nothing does not exist on 127.0.0.1, or it is private: check the name, or set HF_TOKEN", await pull.RefusalAsync("nobody/nothing"));
        Assert.Equal("Maker/Model-GGUF has no 'Q2_K'; it has Q8_0", await pull.RefusalAsync("Maker/Model-GGUF:Q2_K"));
        pull.Token = HubServer.Token;
        Assert.Equal("nobody/nothing does not exist on 127.0.0.1", await pull.RefusalAsync("nobody/nothing"));
        Assert.Empty(pull.StoredFiles);
    }

    [Fact]
    public async Task A_connection_that_breaks_again_and_again_is_taken_up_where_it_broke()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        foreach (HubFault fault in (HubFault[])[HubFault.Break, HubFault.Break, HubFault.Unavailable, HubFault.Expired])
        {
            pull.Hub.Faults.Enqueue(fault);
        }

        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.Equal(Size, outcome.Fetched);
        (long half, long quarter) = (Size / 2, Size / 4 * 3);
        string?[] ranges = [.. pull.Hub.Requests.Where(request => !request.ToHub).Select(request => request.Range)];
        Assert.Equal((IEnumerable<string?>)[null, $"bytes={half}-", $"bytes={quarter}-", $"bytes={quarter}-", $"bytes={quarter}-"], ranges);
    }

    [Fact]
    public async Task A_connection_that_is_reset_is_taken_up()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Reset);
        pull.Hub.Faults.Enqueue(HubFault.Reset);
        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.Equal(Size, outcome.Fetched);
        Assert.Equal(3, pull.Hub.Requests.Count(request => !request.ToHub));
    }

    [Fact]
    public async Task A_server_that_never_recovers_is_given_up_and_the_part_stays()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        for (int i = 0; i < 20; i++)
        {
            pull.Hub.Faults.Enqueue(HubFault.Unavailable);
        }

        Assert.Contains("127.0.0.1 answers 503 for Maker/Model-GGUF/Model-Q4_K_M.gguf", await pull.RefusalAsync(Name));
        Assert.EndsWith(".partial", Assert.Single(pull.StoredFiles), StringComparison.Ordinal);
        pull.Hub.Faults.Clear();
        Assert.InRange((await pull.PullAsync(Name)).Fetched, 1, Size - 1);
    }

    [Fact]
    public async Task A_connection_that_falls_silent_is_taken_up()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Stall);

        // Long enough for a server that is only slow: each silence more would be a request more.
        pull.IdleTimeout = TimeSpan.FromSeconds(8);
        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.InRange(pull.Hub.Requests.Count(request => !request.ToHub), 2, 5);
    }

    [Theory]
    [InlineData(HubFault.IgnoreRange)]
    [InlineData(HubFault.RefuseRange)]
    [InlineData(HubFault.TooLittle)]
    public async Task A_server_that_does_not_do_ranges_right_still_serves_the_file(HubFault fault)
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        pull.Hub.Faults.Enqueue(fault);
        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.Equal([Stored, $"{Stored}.json"], pull.StoredFiles);
    }

    [Theory]
    [InlineData(HubFault.WrongBytes, "arrived damaged: its SHA-256 is")]
    [InlineData(HubFault.TooMuch, "sends more than the 3000000 bytes")]
    [InlineData(HubFault.WrongLength, "sends 3000001 bytes for Model-Q4_K_M.gguf, where 3000000 are missing")]
    public async Task Wrong_content_never_gets_into_place(HubFault fault, string words)
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(fault);
        Assert.Contains(words, await pull.RefusalAsync(Name));
        Assert.DoesNotContain(Stored, pull.StoredFiles);
        Assert.Empty(pull.Store.List());
        Assert.Equal(Size, (await pull.PullAsync(Name)).Fetched);
    }

    [Fact]
    public async Task Another_part_than_the_one_asked_for_is_refused()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        pull.Hub.Faults.Enqueue(HubFault.WrongRange);
        Assert.Contains("was asked for Model-Q4_K_M.gguf from byte", await pull.RefusalAsync(Name));
        Assert.DoesNotContain(Stored, pull.StoredFiles);
    }

    [Fact]
    public async Task Damage_to_the_part_on_disk_is_found_and_the_file_fetched_anew()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        string partial = $"{pull.Store.PathOf("Maker/Model-GGUF", File)}.{HubServer.HashOf(pull.Hub.Files[File])[..16]}.partial";
        Directory.CreateDirectory(Path.GetDirectoryName(partial)!);
        await System.IO.File.WriteAllBytesAsync(partial, new byte[Size / 2]);
        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.Equal((Size / 2) + Size, outcome.Fetched);
    }

    [Fact]
    public async Task A_part_of_another_version_is_not_continued()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        for (int i = 0; i < 5; i++)
        {
            pull.Hub.Faults.Enqueue(HubFault.Unavailable);
        }

        await pull.RefusalAsync(Name);
        pull.Hub.Faults.Clear();
        pull.Hub.Files[File] = PullFixture.Content(Size, 2);
        Assert.Equal(Size, (await pull.PullAsync(Name)).Fetched);
    }

    [Fact]
    public async Task A_file_that_changes_on_a_mirror_while_it_is_fetched_is_started_over()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.LinkedTags = false;
        pull.Hub.Tag = number => number == 1 ? "\"old\"" : "\"new\"";
        pull.Hub.Faults.Enqueue(HubFault.Break);
        PullOutcome outcome = await pull.PullAsync(Name);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(outcome.Model.Path));
        Assert.InRange(outcome.Fetched, Size + 1, 2 * Size);
        Assert.Null(pull.Hub.Requests.Last().Range);
    }

    [Fact]
    public async Task A_server_that_always_has_another_file_is_given_up()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(4 * Size, 1);
        pull.Hub.LinkedTags = false;
        pull.Hub.Tag = number => $"\"{number}\"";
        for (int i = 0; i < 100; i++)
        {
            pull.Hub.Faults.Enqueue(HubFault.Break);
        }

        Assert.Contains("had to be started over", await pull.RefusalAsync(Name));
        Assert.InRange(pull.Hub.Requests.Count, 5, 40);
        Assert.Empty(pull.StoredFiles);
    }

    [Fact]
    public async Task A_listing_that_is_out_of_date_is_said_to_be()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.ListedHashes[File] = new string('a', 64);
        Assert.Equal("Model-Q4_K_M.gguf has changed on the hub since it was listed; pull again", await pull.RefusalAsync(Name));
    }

    [Fact]
    public async Task Cancelling_keeps_the_part_and_the_next_pull_goes_on_from_it()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        using CancellationTokenSource cancelled = new();
        pull.Hub.OnSent = () =>
        {
            if (pull.Hub.Sent > Size / 2)
            {
                cancelled.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull.PullAsync(Name, cancellationToken: cancelled.Token));
        string partial = Assert.Single(pull.StoredFiles);
        long kept = new FileInfo(Path.Combine(pull.Store.Folder, partial)).Length;
        Assert.InRange(kept, 0, Size - 1);

        pull.Hub.OnSent = null;
        Assert.Equal(Size - kept, (await pull.PullAsync(Name)).Fetched);
        Assert.Equal([Stored, $"{Stored}.json"], pull.StoredFiles);
    }

    [Fact]
    public async Task All_files_of_a_split_model_are_pulled_and_open_together()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        foreach (int part in (int[])[1, 2, 3])
        {
            pull.Hub.Files[$"Q8_0/Model-Q8_0-{part:D5}-of-00003.gguf"] = new GgufWriter()
                .Add("split.no", (ushort)(part - 1)).Add("split.count", (ushort)3).AddTensor($"t{part}", TensorType.F32, [1000]).ToArray();
        }

        PullOutcome outcome = await pull.PullAsync("Maker/Model-GGUF");
        Assert.Equal(3, outcome.Model.Files.Count);
        Assert.Equal("Maker/Model-GGUF:Q8_0", outcome.Model.Name);
        using var opened = GgufFile.Open(outcome.Model.Path);
        Assert.Equal(3, opened.Tensors.Count);
        Assert.Equal(0, (await pull.PullAsync("Maker/Model-GGUF:Q8_0")).Fetched);

        System.IO.File.Delete(outcome.Model.Files[1]);
        Assert.Equal("2 of its 3 files are here", pull.Store.Find("Maker/Model-GGUF").Problem);
        Assert.Equal(pull.Hub.Files["Q8_0/Model-Q8_0-00002-of-00003.gguf"].Length, (await pull.PullAsync("Maker/Model-GGUF")).Fetched);
    }

    [Fact]
    public async Task Too_little_space_is_said_before_anything_is_fetched()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.FreeSpace = _ => 10_000_000;
        Assert.Equal(
            $"not enough space in {pull.Store.Folder}: 3 MB to fetch and 67.1 MB to spare make 70.1 MB, and 10 MB are free",
            await pull.RefusalAsync(Name));
        Assert.Equal(0, pull.Hub.Sent);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_said_in_one_line()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        await System.IO.File.WriteAllTextAsync(pull.Store.Folder, "a file where the folder should be");
        Assert.StartsWith($"cannot write into {pull.Store.Folder}: ", await pull.RefusalAsync(Name), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_never_runs_ahead_and_ends_at_the_total()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        pull.Hub.Faults.Enqueue(HubFault.Break);
        ProgressList<PullProgress> reports = [];
        await pull.PullAsync(Name, reports);
        Assert.Equal(reports.Select(report => report.Bytes).Order(), reports.Select(report => report.Bytes));
        Assert.All(reports, report => Assert.Equal((File, Size), (report.File, report.Total)));
        Assert.Equal((0, Size), (reports[0].Bytes, reports[^1].Bytes));
    }

    [Fact]
    public async Task A_file_that_was_put_there_by_hand_is_not_replaced()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        string path = pull.Store.PathOf("Maker/Model-GGUF", File);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await System.IO.File.WriteAllTextAsync(path, "mine");
        Assert.Contains("is here already, and it is not the file that the hub has", await pull.RefusalAsync(Name));
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(path));

        // The same content without a record is what a pull leaves that ended just before writing it.
        await System.IO.File.WriteAllBytesAsync(path, pull.Hub.Files[File]);
        Assert.Equal(0, (await pull.PullAsync(Name)).Fetched);
        Assert.NotNull(pull.Store.Find(Name).Record);
    }

    [Fact]
    public async Task Two_pulls_of_one_file_do_not_mix()
    {
        await using PullFixture pull = await PullFixture.StartAsync();
        pull.Hub.Files[File] = PullFixture.Content(Size, 1);
        string? second = null;
        ProgressList<PullProgress> reports = new(_ => second ??= pull.RefusalAsync(Name).GetAwaiter().GetResult());
        await pull.PullAsync(Name, reports);
        Assert.Contains("is another pull running?", second);
        Assert.Equal(pull.Hub.Files[File], await System.IO.File.ReadAllBytesAsync(pull.Store.Find(Name).Path));
    }
}
