using System.Text;
using Tiercel.Gateway.Configuration;

namespace Tiercel.Gateway.Tests.Configuration;

/// <summary>Reads configurations that tests write as text, with variables that they make up.</summary>
internal static class ConfigurationText
{
    public const string Minimal = """
        pools:
          chat:
            upstreams:
              - { name: a, kind: openai, url: http://10.0.0.1:8000 }
        routes:
          m: { pool: chat }

        """;

    public static ConfigurationReading Read(string text, params (string Name, string Value)[] variables) =>
        ConfigurationFile.Parse("t.yaml", Encoding.UTF8.GetBytes(text), Resolver(variables));

    public static ReferenceResolver Resolver(params (string Name, string Value)[] variables) =>
        new(name => variables.FirstOrDefault(variable => variable.Name == name).Value, Path.GetTempPath());

    public static string[] Errors(string text, params (string Name, string Value)[] variables) =>
        [.. Read(text, variables).Errors.Select(error => error.ToString())];
}
