using System.Net;
using System.Net.Sockets;
using Tiercel.Gateway.Configuration;
using Tiercel.Gateway.Telemetry;
using Tiercel.Gateway.Tests.Fakes;
using static Tiercel.Gateway.Tests.Telemetry.FleetScenario;
using static Tiercel.Gateway.Tests.Telemetry.OtlpTests;

namespace Tiercel.Gateway.Tests.Telemetry;

/// <summary>A receiver of telemetry that takes a connection and then nothing, and the memory that this may cost.</summary>
[Collection(nameof(MeasuredAloneCollection))]
public sealed class StuckReceiverTests
{
    [Fact]
    public async Task A_receiver_that_never_answers_holds_up_no_request_and_no_memory()
    {
        using TcpListener sink = new(IPAddress.Loopback, 0);
        sink.Start();
        using FleetTelemetry fleet = Start(new TelemetrySettings { OtlpEndpoint = new Uri($"http://{sink.LocalEndpoint}"), TraceShare = 1 }, Interval);
        Serve(fleet);

        // The fault is there: somebody was connected to, was sent something, and says nothing.
        using TcpClient stuck = await sink.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        await UntilAsync(() => stuck.Available > 0);

        long before = GC.GetTotalMemory(forceFullCollection: true);
        const int Requests = 30_000;
        using ManualResetEventSlim done = new();
        Thread client = new(() =>
        {
            for (int i = 0; i < Requests; i++)
            {
                Serve(fleet);
            }

            done.Set();
        });
        client.Start();
        Assert.True(done.Wait(Patience, TestContext.Current.CancellationToken), "requests wait for the receiver of telemetry");
        client.Join();
        Assert.Contains($"tiercel_outcome=\"ok\"}} {Requests + 1}\n", Metrics(fleet), StringComparison.Ordinal);

        // 180,000 spans of about a kilobyte were made; the queue holds 4,096. What tests before this one left is not the receiver's.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 50 << 20);
    }
}
