using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tiercel.Gateway.Recovery;

namespace Tiercel.Gateway.Tests.Recovery;

public class StreamJournalTests
{
    [Fact]
    public void It_holds_for_each_choice_exactly_what_was_forwarded() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300),
            Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
            {
                Random random = new(seed);
                int choices = random.Next(1, 6);
                List<int>[] twin = [.. Enumerable.Range(0, choices).Select(_ => new List<int>())];
                bool[] finished = new bool[choices];
                bool any = false;
                using StreamJournal journal = new(choices);
                for (int i = 0; i < 300; i++)
                {
                    int choice = random.Next(-1, choices + 1);
                    int[] tokens = [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => random.Next())];
                    bool end = random.Next(60) == 0;
                    bool expected = choice >= 0 && choice < choices && !finished[choice];
                    Assert.Equal(expected, journal.TryForward(choice, tokens, content: true, end));
                    if (expected)
                    {
                        twin[choice].AddRange(tokens);
                        finished[choice] = end;
                        any = true;
                    }
                }

                for (int choice = 0; choice < choices; choice++)
                {
                    Assert.Equal(twin[choice], journal.Tokens(choice).ToArray());
                    Assert.Equal(finished[choice], journal.IsFinished(choice));
                }

                Assert.Equal(finished.All(end => end), journal.AllFinished);
                int total = twin.Sum(list => list.Count);
                Assert.Equal(total, journal.TotalTokens);

                // Content of which nobody told a single token, as where all choices end with their first event, cannot be continued by tokens.
                Assert.Equal(total > 0 || !any, journal.HasTokens);
            }));

    [Fact]
    public void A_stream_that_outgrows_it_keeps_no_tokens_and_says_so()
    {
        using StreamJournal journal = new(2, maxTokens: 100);
        Assert.True(journal.TryForward(0, new int[60], content: true, finished: false));
        Assert.True(journal.TryForward(1, new int[40], content: true, finished: false));
        Assert.True(journal.HasTokens);
        Assert.True(journal.TryForward(1, [1], content: true, finished: false));
        Assert.False(journal.HasTokens);
        Assert.True(journal.Tokens(0).IsEmpty && journal.Tokens(1).IsEmpty);
        Assert.True(journal.TryForward(1, [2], content: true, finished: true));
        Assert.Equal(102, journal.TotalTokens);
        Assert.True(journal.IsFinished(1));
    }

    [Fact]
    public void Text_is_kept_as_it_was_sent_up_to_its_limit()
    {
        using StreamJournal journal = new(1, maxTextBytes: 5000);
        StringBuilder expected = new();
        for (int i = 0; i < 400; i++)
        {
            string piece = $"\\u00{i % 90 + 10}\\n";
            expected.Append(piece);
            journal.AppendText(Encoding.ASCII.GetBytes(piece));
        }

        Assert.Equal(expected.ToString(), Encoding.ASCII.GetString(journal.EscapedText.Span));
        Assert.True(journal.HasText);
        journal.AppendText(new byte[2000]);
        Assert.False(journal.HasText);
    }

    [Fact]
    public void Pings_and_roles_are_bytes_but_no_content()
    {
        using StreamJournal journal = new(1);
        Assert.False(journal.AnyByte);
        journal.Forward(role: false);
        Assert.True(journal is { AnyByte: true, RoleSent: false, AnyContent: false });
        journal.Forward(role: true);
        Assert.True(journal is { RoleSent: true, AnyContent: false });
        journal.TryForward(0, [], content: true, finished: false);
        Assert.True(journal.AnyContent);
        Assert.False(journal.HasTokens, "text of which nobody told the tokens cannot be continued by tokens");
    }

    [Fact]
    public void Each_choice_begins_with_its_own_role_or_its_first_event()
    {
        using StreamJournal journal = new(3);
        journal.Forward(role: false);
        Assert.False(journal.HasBegun(0));
        journal.Forward(role: true, choice: 1);
        journal.Forward(role: true, choice: 7);
        journal.TryForward(2, [5], content: true, finished: false);
        Assert.Equal((false, true, true), (journal.HasBegun(0), journal.HasBegun(1), journal.HasBegun(2)));
    }

    [Fact]
    public void Once_put_away_it_takes_nothing_more()
    {
        StreamJournal journal = new(1);
        journal.TryForward(0, [1], content: true, finished: false);
        journal.Dispose();
        journal.Dispose();
        Assert.Throws<ObjectDisposedException>(() => journal.TryForward(0, [1], content: true, finished: false));
        Assert.False(journal.HasTokens);
    }
}
