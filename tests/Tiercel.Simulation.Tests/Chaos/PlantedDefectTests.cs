using Tiercel.Simulation.Chaos;

namespace Tiercel.Simulation.Tests.Chaos;

/// <summary>A check that nothing can fail proves nothing: each must see the bug that was planted for it, and say the right name.</summary>
public class PlantedDefectTests
{
    private const int MostSeeds = 150;

    [Theory]
    [InlineData(nameof(Defect.LosesTheEnd), "I1")]
    [InlineData(nameof(Defect.CutBecomesStop), "I2")]
    [InlineData(nameof(Defect.SpeaksAfterTheEnd), "I2")]
    [InlineData(nameof(Defect.DropsTokenOnResume), "I3")]
    [InlineData(nameof(Defect.CountsTokensAnew), "I4")]
    [InlineData(nameof(Defect.ResumesTheFinished), "I4")]
    [InlineData(nameof(Defect.RestartsAfterFirstByte), "I5")]
    [InlineData(nameof(Defect.ForgetsCancel), "I6")]
    [InlineData(nameof(Defect.LeaksBlocks), "I8")]
    [InlineData(nameof(Defect.StarvesPreempted), "I12")]
    [InlineData(nameof(Defect.IgnoresGenerations), "I14")]
    [InlineData(nameof(Defect.ForgetsToCount), "I15")]
    [InlineData(nameof(Defect.RetriesFreely), "I16")]
    [InlineData(nameof(Defect.RunsTheExpired), "I17")]
    [InlineData(nameof(Defect.IgnoresPanic), "I18")]
    [InlineData(nameof(Defect.TrustsSuspects), "I19")]
    [InlineData(nameof(Defect.BlamesBystanders), "I19")]
    [InlineData(nameof(Defect.RemembersEverything), "I21")]
    [InlineData(nameof(Defect.BillsTwice), "I22")]
    [InlineData(nameof(Defect.ForgetsToSettle), "I22")]
    [InlineData(nameof(Defect.BillsResumedPrompts), "I23")]
    [InlineData(nameof(Defect.ForgetsTheLoser), "I6")]
    [InlineData(nameof(Defect.HedgesWithoutBudget), "I16")]
    [InlineData(nameof(Defect.BillsBothAnswers), "I22")]
    [InlineData(nameof(Defect.BillsTheLoser), "I22")]
    [InlineData(nameof(Defect.ForgetsWhoAnswered), "I22")]
    [InlineData(nameof(Defect.HedgesTheAnswered), "H1")]
    [InlineData(nameof(Defect.HedgesTwice), "H1")]
    [InlineData(nameof(Defect.HedgesWithoutHeadroom), "H2")]
    [InlineData(nameof(Defect.HedgesBesideTheQueue), "H3")]
    [InlineData(nameof(Defect.LetsBothAnswer), "H4")]
    [InlineData(nameof(Defect.HedgesSuspects), "H5")]
    public void A_planted_bug_is_caught(string defect, string invariant)
    {
        Defect planted = Enum.Parse<Defect>(defect);
        List<string> found = [];
        for (int seed = 0; seed < MostSeeds; seed++)
        {
            if (ChaosSeeds.Try(ChaosOptions.Draw(seed) with { Defect = planted }) is { } failure)
            {
                found.Add(failure.Invariant);
            }

            if (found.Contains(invariant))
            {
                return;
            }
        }

        Assert.Fail($"{MostSeeds} seeds did not find it; they found [{string.Join(", ", found.Distinct())}]");
    }

    [Fact]
    public void Every_defect_has_its_test()
    {
        string[] tested = [.. typeof(PlantedDefectTests).GetMethod(nameof(A_planted_bug_is_caught))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>().Select(data => (string)data.Data[0]!)];
        Assert.Equal(Enum.GetNames<Defect>().Except([nameof(Defect.None)]).Order(), tested.Order());
    }

    [Fact]
    public void A_failure_is_shrunk_to_fewer_faults_and_says_its_seed()
    {
        ChaosFailure failure = Enumerable.Range(0, MostSeeds)
            .Select(seed => ChaosSeeds.Try(ChaosOptions.Draw(seed) with { Defect = Defect.DropsTokenOnResume }))
            .First(found => found is not null)!;
        ChaosOptions least = ChaosSeeds.Shrink(failure);
        Assert.Equal(failure.Invariant, ChaosSeeds.Try(least)?.Invariant);
        Assert.True(least.Requests <= failure.Drawn.Requests && least.Incidents <= failure.Drawn.Incidents);
        Assert.True((least.Faults & failure.Drawn.Faults) == least.Faults);
        Assert.NotEqual(failure.Drawn, least);
        Assert.Contains($"seed {failure.Drawn.Seed}", failure.ToString(), StringComparison.Ordinal);
    }
}
