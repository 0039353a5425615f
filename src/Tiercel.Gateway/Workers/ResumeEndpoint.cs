using Tiercel.Gateway.Endpoints;
using Tiercel.Protocols.Errors;

namespace Tiercel.Gateway.Workers;

/// <summary><c>POST /internal/resume</c>: goes on with a stream that another worker began. The endpoint of the original path does the work.</summary>
internal sealed class ResumeEndpoint(IReadOnlyDictionary<string, IBodyEndpoint> endpoints) : IBodyEndpoint
{
    public async Task HandleAsync(Exchange exchange, RequestBody bytes)
    {
        if (!ResumeBody.TryRead(bytes.Bytes, out ResumeBody? resume, out ApiError? error))
        {
            await exchange.RefuseAsync(error);
            return;
        }

        if (resume.Path is not (ResumeBody.ChatPath or "/v1/completions"))
        {
            await exchange.RefuseAsync(ApiErrors.UnsupportedValue("path", "only chat completions and completions can be resumed."));
            return;
        }

        exchange.Resume = resume;
        bytes.Narrow(resume.Original);
        await endpoints[resume.Path].HandleAsync(exchange, bytes);
    }
}
