using Tiercel.Gateway.Admission;
using Tiercel.Gateway.Configuration;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Tests.Admission;

public sealed class ServiceClassChoiceTests
{
    private static readonly Dictionary<string, ServiceClass> Classes = new()
    {
        ["urgent"] = Class("urgent", -5, 1, 50),
        ["interactive"] = Class("interactive", 0, 2, 100),
        ["relaxed"] = Class("relaxed", 0, 10, 200),
        ["same-but-steeper"] = Class("same-but-steeper", 0, 2, 100) with { PerThousandUncached = TimeSpan.FromMilliseconds(10) },
        ["batch"] = new ServiceClass { Name = "batch", Priority = 10 },
        ["late-but-fast"] = Class("late-but-fast", 10, 2, 10),
        ["none"] = new ServiceClass { Name = "none" },
    };

    [Theory]
    [InlineData("interactive", null, "interactive")]
    [InlineData("interactive", "", "interactive")]
    [InlineData("interactive", "interactive", "interactive")]
    [InlineData("interactive", "relaxed", "relaxed")]
    [InlineData("interactive", "batch", "batch")]
    [InlineData("interactive", "none", "none")]
    [InlineData("interactive", "urgent", null)]
    [InlineData("interactive", "late-but-fast", null)]
    [InlineData("interactive", "same-but-steeper", null)]
    [InlineData("relaxed", "interactive", null)]
    [InlineData("batch", "none", null)]
    [InlineData("batch", "interactive", null)]
    [InlineData(null, "batch", "batch")]
    [InlineData(null, "interactive", null)]
    public void A_client_may_ask_for_less_only(string? own, string? asked, string? expected)
    {
        TenantSettings tenant = new() { Name = "t", Keys = [], Class = own };
        ApiError? error = ServiceClassChoice.Choose(Classes, tenant, new RouteSettings("p"), asked, out ServiceClass? chosen);
        if (expected is null)
        {
            Assert.Equal(403, error!.Status);
            Assert.Contains($"'{asked}'", error.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Null(error);
        Assert.Equal(expected, chosen!.Name);
    }

    [Fact]
    public void The_tenants_class_goes_before_the_routes_and_without_either_there_is_none()
    {
        TenantSettings plain = new() { Name = "t", Keys = [] };
        Assert.Null(ServiceClassChoice.Choose(Classes, plain, new RouteSettings("p", "batch"), null, out ServiceClass? ofRoute));
        Assert.Equal("batch", ofRoute!.Name);
        Assert.Null(ServiceClassChoice.Choose(Classes, plain with { Class = "urgent" }, new RouteSettings("p", "batch"), null, out ServiceClass? ofTenant));
        Assert.Equal("urgent", ofTenant!.Name);
        Assert.Null(ServiceClassChoice.Choose(Classes, plain, new RouteSettings("p"), null, out ServiceClass? none));
        Assert.Null(none);
    }

    [Fact]
    public void A_class_that_is_not_there_is_refused_by_a_readable_name()
    {
        TenantSettings tenant = new() { Name = "t", Keys = [], Class = "interactive" };
        ApiError? error = ServiceClassChoice.Choose(Classes, tenant, new RouteSettings("p"), "gold\r\nx: y\u0007" + new string('z', 500), out _);
        Assert.Equal(400, error!.Status);
        Assert.Contains("gold", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 200 && !error.Message.Any(char.IsControl));
    }

    private static ServiceClass Class(string name, int priority, double ttft, double tpotMilliseconds) => new()
    {
        Name = name,
        Priority = priority,
        TimeToFirstToken = TimeSpan.FromSeconds(ttft),
        PerThousandUncached = TimeSpan.FromMilliseconds(250),
        TimePerOutputToken = TimeSpan.FromMilliseconds(tpotMilliseconds),
    };
}
