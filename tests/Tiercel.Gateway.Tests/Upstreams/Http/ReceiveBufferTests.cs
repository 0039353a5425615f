using Tiercel.Gateway.Upstreams.Http;

namespace Tiercel.Gateway.Tests.Upstreams.Http;

public class ReceiveBufferTests
{
    private const int Large = 128 * 1024;

    [Fact]
    public void A_fast_sender_whose_bytes_are_taken_does_not_make_it_grow()
    {
        ReceiveBuffer buffer = new(64 << 20);
        int largest = 0;
        for (int i = 0; i < 10_000; i++)
        {
            // All but the beginning of the next event is taken each time.
            int room = buffer.Room().Length;
            largest = Math.Max(largest, room);
            buffer.Received(room);
            buffer.TakeRaw(long.MaxValue);
            buffer.ConsumeBody(buffer.BodyLength - Math.Min(100, buffer.BodyLength));
        }

        Assert.Equal(Large, largest + 100);
    }

    [Fact]
    public void What_nobody_takes_finds_room_up_to_the_limit_and_no_more()
    {
        const int Limit = 1 << 20;
        ReceiveBuffer buffer = new(Limit);
        while (buffer.Room().Length is int room and > 0)
        {
            buffer.Received(room);
            buffer.TakeRaw(long.MaxValue);
        }

        Assert.InRange(buffer.BodyLength, Limit, 4 * Limit);
    }
}
