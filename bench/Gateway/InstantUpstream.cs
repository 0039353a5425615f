using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tiercel.Bench.Gateway;

/// <summary>An engine that has its answer ready: it costs nearly nothing, so that what is measured is the way to it.</summary>
internal static class InstantUpstream
{
    private const int Events = 64;
    private static readonly byte[] Whole = Http("application/json", """{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there, this is an answer of a few words."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":200,"completion_tokens":12,"total_tokens":212}}""");
    private static readonly byte[] Empty = Http("application/json", """{"object":"list","data":[{"id":"m","object":"model"}]}""");
    private static readonly byte[] Stream = MakeStream();
    private static readonly byte[] Begin = Encoding.ASCII.GetBytes(StreamHead + Chunk(Event("a", "null")));
    private const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    public static void Run(int port)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        while (true)
        {
            Socket peer = listener.Accept();
            peer.NoDelay = true;
            new Thread(() => Serve(peer), maxStackSize: 128 * 1024) { IsBackground = true }.Start();
        }
    }

    private static void Serve(Socket peer)
    {
        byte[] buffer = new byte[128 * 1024];
        int have = 0;
        try
        {
            while (true)
            {
                int read = peer.Receive(buffer, have, buffer.Length - have, SocketFlags.None);
                if (read == 0)
                {
                    break;
                }

                have += read;
                int head = buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8);
                if (head < 0)
                {
                    continue;
                }

                // The fields that decide stand at the body's beginning.
                long rest = head + 4 + Length(buffer.AsSpan(0, head)) - have;
                bool isPost = buffer[0] == 'P';
                while (rest > 0 && have < head + 512)
                {
                    read = peer.Receive(buffer, have, buffer.Length - have, SocketFlags.None);
                    have += read;
                    rest -= read;
                }

                ReadOnlySpan<byte> body = buffer.AsSpan(0, have)[(head + 4)..];
                body = body[..Math.Min(400, body.Length)];
                byte[] answer = !isPost ? Empty : body.IndexOf("\"stream\":true"u8) < 0 ? Whole : body.IndexOf("\"hold\""u8) < 0 ? Stream : Begin;
                while (rest > 0)
                {
                    read = peer.Receive(buffer);
                    rest = read == 0 ? throw new SocketException() : rest - read;
                }

                have = 0;
                peer.Send(answer);
            }
        }
        catch (SocketException)
        {
            // The other side went away.
        }

        peer.Dispose();
    }

    private static int Length(ReadOnlySpan<byte> head)
    {
        int at = head.IndexOf("ontent-"u8);
        while (at >= 0)
        {
            head = head[(at + 7)..];
            if (head.StartsWith("Length: "u8) || head.StartsWith("length: "u8))
            {
                int length = 0;
                foreach (byte digit in head[8..])
                {
                    if (digit is < (byte)'0' or > (byte)'9')
                    {
                        break;
                    }

                    length = (length * 10) + digit - '0';
                }

                return length;
            }

            at = head.IndexOf("ontent-"u8);
        }

        return 0;
    }

    private static byte[] Http(string type, string body) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n{body}");

    private static byte[] MakeStream()
    {
        StringBuilder stream = new(StreamHead);
        for (int i = 0; i < Events; i++)
        {
            stream.Append(Chunk(Event($"token {i}", i == Events - 1 ? "\"stop\"" : "null")));
        }

        stream.Append(Chunk("""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[],"usage":{"prompt_tokens":200,"completion_tokens":64,"total_tokens":264}}""" + "\n\n"));
        stream.Append(Chunk("data: [DONE]\n\n")).Append("0\r\n\r\n");
        return Encoding.ASCII.GetBytes(stream.ToString());
    }

    private static string Event(string text, string reason) =>
        $"data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":{reason}}}]}}\n\n";

    private static string Chunk(string data) => $"{data.Length:x}\r\n{data}\r\n";
}
