using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Tiercel.Gateway.Admission;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Endpoints;

/// <summary>The bytes of a request body in a pooled buffer, counted against the server's budget until disposed.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstChunk = 16 * 1024;
    private readonly BodyBudget _budget;
    private byte[] _buffer = [];
    private int _start;
    private int _length;

    private RequestBody(BodyBudget budget)
    {
        _budget = budget;
    }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(_start, _length);

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_start, _length);

    /// <summary>Keeps a part of the bytes only: a body within the body.</summary>
    public void Narrow(Range part)
    {
        (int offset, int length) = part.GetOffsetAndLength(_length);
        (_start, _length) = (_start + offset, length);
    }

    /// <summary>Reads a body of JSON to its end.</summary>
    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(
        HttpRequest request, BodyBudget budget, long limitBytes, CancellationToken cancellationToken)
    {
        if (!IsJson(request))
        {
            return (null, ApiErrors.NotJson());
        }

        // The limit is held here, byte by byte. The web server's own would cut the connection while the client still sends, and the client
        // would see a broken pipe in place of the error; without it the server reads on for a few seconds after the answer.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        if (request.ContentLength > limitBytes)
        {
            return (null, ApiErrors.BodyTooLarge(limitBytes));
        }

        RequestBody body = new(budget);
        ApiError? error;
        try
        {
            error = await body.FillAsync(request, limitBytes, cancellationToken);
        }
        catch (BadHttpRequestException refusal)
        {
            error = refusal.StatusCode switch
            {
                StatusCodes.Status413PayloadTooLarge => ApiErrors.BodyTooLarge(limitBytes),
                StatusCodes.Status408RequestTimeout => ApiErrors.BodyTimeout(),
                _ => ApiErrors.BodyBroken(),
            };
        }
        catch
        {
            body.Dispose();
            throw;
        }

        if (error is null)
        {
            return (body, null);
        }

        body.Dispose();
        return (null, error);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            _budget.Return(_buffer);
            _buffer = [];
            _length = 0;
        }
    }

    private static bool IsJson(HttpRequest request)
    {
        // JSON is UTF-8; what says that it is written otherwise would be read as something that was not sent.
        string encoding = request.Headers.ContentEncoding.ToString();
        return MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || type.Charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase))
            && (encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase));
    }

    private async ValueTask<ApiError?> FillAsync(HttpRequest request, long limitBytes, CancellationToken cancellationToken)
    {
        // One byte more than announced, so that the end is seen without growing.
        if (!TryGrow((int)Math.Min(request.ContentLength + 1 ?? FirstChunk, int.MaxValue)))
        {
            return ApiErrors.Overloaded("Too many request bodies are in memory.");
        }

        while (true)
        {
            int read = await request.Body.ReadAsync(_buffer.AsMemory(_length), cancellationToken);
            _length += read;
            if (read == 0)
            {
                return null;
            }

            if (_length > limitBytes)
            {
                return ApiErrors.BodyTooLarge(limitBytes);
            }

            if (_length == _buffer.Length && !TryGrow((int)Math.Min(_buffer.Length * 2L, limitBytes + 1)))
            {
                return ApiErrors.Overloaded("Too many request bodies are in memory.");
            }
        }
    }

    private bool TryGrow(int bytes)
    {
        if (_budget.TryRent(Math.Max(bytes, _buffer.Length + 1)) is not { } larger)
        {
            return false;
        }

        byte[] smaller = _buffer;
        _buffer.AsSpan(0, _length).CopyTo(larger);
        _buffer = larger;
        if (smaller.Length > 0)
        {
            _budget.Return(smaller);
        }

        return true;
    }
}
