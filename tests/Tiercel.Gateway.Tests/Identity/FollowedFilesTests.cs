using Tiercel.Gateway.Identity;
using Tiercel.Gateway.Tests.Fakes;
using Tiercel.Testing;

namespace Tiercel.Gateway.Tests.Identity;

public sealed class FollowedFilesTests : IDisposable
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(3);
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private int _writes;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_renewed_file_is_read_again_after_a_moment_and_one_that_cannot_be_read_changes_nothing()
    {
        Write("one");
        FollowedFiles<string> files = new([Path], Load, _time);
        Assert.Equal("one", files.Current);
        Write("two");
        Assert.Equal("one", files.Current);
        _time.Advance(LongEnough);
        Assert.Equal("two", files.Current);
        Write("wrong");
        _time.Advance(LongEnough);
        Assert.Equal("two", files.Current);
        File.Delete(Path);
        _time.Advance(LongEnough);
        Assert.Equal("two", files.Current);
        Write("three");
        _time.Advance(LongEnough);
        Assert.Equal("three", files.Current);
    }

    [Fact]
    public void What_could_not_be_read_is_tried_again_though_it_did_not_change()
    {
        Write("one");
        bool fails = false;
        FollowedFiles<string> files = new([Path], () => fails ? throw new IOException("its other half is not there yet") : Load(), _time);
        fails = true;
        Write("two");
        _time.Advance(LongEnough);
        Assert.Equal("one", files.Current);
        fails = false;
        _time.Advance(LongEnough);
        Assert.Equal("two", files.Current);
    }

    [Fact]
    public void What_stays_wrong_is_told_once_each_time_that_it_changes()
    {
        Write("one");
        List<string> told = [];
        FollowedFiles<string> files = new([Path], Load, _time, error => told.Add(error.Message));
        foreach (int times in (ReadOnlySpan<int>)[1, 2])
        {
            Write("wrong");
            Look();

            // At the first look its other half may be on its way.
            Assert.Equal(times - 1, told.Count);
            Look();
            Assert.Equal(times, told.Count);
            Look();
            Look();
            Assert.Equal(Enumerable.Repeat("wrong", times), told);
        }

        Write("two");
        Look();
        Assert.Equal("two", files.Current);
        Assert.Equal(2, told.Count);

        void Look()
        {
            _time.Advance(LongEnough);
            _ = files.Current;
        }
    }

    private string Path => _folder.File("followed");

    private string Load() => File.ReadAllText(Path) is "wrong" ? throw new GatewayConfigurationException("wrong") : File.ReadAllText(Path);

    /// <summary>Each has a time of its own: the clock of a file system may stand still between two writes.</summary>
    private void Write(string text)
    {
        File.WriteAllText(Path, text);
        File.SetLastWriteTimeUtc(Path, DateTime.UnixEpoch.AddDays(20_000).AddSeconds(++_writes));
    }
}
