namespace Tiercel.Gateway.Endpoints;

/// <summary>Answers a request that has a body.</summary>
internal interface IBodyEndpoint
{
    Task HandleAsync(Exchange exchange, RequestBody bytes);
}
