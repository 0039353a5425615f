using System.Reflection;

namespace Tiercel.Gateway;

/// <summary>What this program is called and which version it is.</summary>
internal static class Product
{
    public const string Name = "tiercel";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
