using Tiercel.Gateway.Admission;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class BodyBudgetTests
{
    private const int Mebibyte = 1 << 20;

    [Fact]
    public void Buffers_count_until_they_are_given_back_and_what_does_not_fit_is_refused()
    {
        BodyBudget budget = new(2 * Mebibyte);
        byte[] first = budget.TryRent(Mebibyte)!;
        byte[] small = budget.TryRent(1000)!;
        Assert.Equal(first.Length + small.Length, budget.Used);
        Assert.Null(budget.TryRent(Mebibyte));
        Assert.Equal(first.Length + small.Length, budget.Used);
        budget.Return(first);
        budget.Return(small);
        Assert.Equal(0, budget.Used);
        Assert.NotNull(budget.TryRent(Mebibyte));
    }

    [Fact]
    public void A_large_buffer_is_hardly_larger_than_asked_for_and_is_lent_again()
    {
        BodyBudget budget = new(100 * Mebibyte);
        byte[] first = budget.TryRent(408_001)!;
        Assert.InRange(first.Length, 408_001, 408_001 + (64 * 1024));
        budget.Return(first);
        Assert.Equal(first.Length, budget.Kept);
        Assert.Same(first, budget.TryRent(400_000));
        Assert.Equal(0, budget.Kept);
    }

    [Fact]
    public void Two_requests_never_hold_one_buffer()
    {
        BodyBudget budget = new(1000L * Mebibyte);
        byte[][] all = [.. Enumerable.Range(0, 40).Select(_ => budget.TryRent(Mebibyte)!)];
        Assert.Equal(all.Length, all.Distinct().Count());
        Array.ForEach(all, budget.Return);
        byte[][] again = [.. Enumerable.Range(0, 40).Select(_ => budget.TryRent(Mebibyte)!)];
        Assert.Equal(again.Length, again.Distinct().Count());
        Assert.Contains(again, all.Contains);
    }

    [Fact]
    public void A_small_body_does_not_take_a_huge_buffer()
    {
        BodyBudget budget = new(100 * Mebibyte);
        budget.Return(budget.TryRent(8 * Mebibyte)!);
        Assert.InRange(budget.TryRent(100_000)!.Length, 100_000, 200_000);
    }

    [Fact]
    public void What_is_kept_is_bounded_and_can_be_dropped()
    {
        BodyBudget budget = new(1000L * Mebibyte);
        byte[][] all = [.. Enumerable.Range(0, 100).Select(_ => budget.TryRent(Mebibyte)!)];
        Array.ForEach(all, budget.Return);
        Assert.InRange(budget.Kept, Mebibyte, 16L * Mebibyte);
        budget.Drop();
        Assert.Equal(0, budget.Kept);
        byte[] next = budget.TryRent(Mebibyte)!;
        Assert.DoesNotContain(all, one => ReferenceEquals(one, next));
    }
}
