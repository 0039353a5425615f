using System.Buffers;
using System.Text.Json;
using Tiercel.Engine.Models;

namespace Tiercel.Protocols.Writing;

/// <summary>What is served, as <c>/v1/models</c> lists it.</summary>
public static class ModelsAnswer
{
    /// <param name="names">The served name and its aliases, each with the model behind it.</param>
    public static void WriteList(IBufferWriter<byte> output, IEnumerable<(string Name, ModelDescription Model)> names)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        foreach ((string name, ModelDescription model) in names)
        {
            WriteModel(json, name, model);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void WriteOne(IBufferWriter<byte> output, string name, ModelDescription model)
    {
        using Utf8JsonWriter json = new(output, JsonOutput.Options);
        WriteModel(json, name, model);
    }

    private static void WriteModel(Utf8JsonWriter json, string name, ModelDescription model)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, name);
        json.WriteString("object"u8, "model"u8);
        json.WriteNumber("created"u8, Math.Max(0, model.Created.ToUnixTimeSeconds()));
        json.WriteString("owned_by"u8, "tiercel"u8);
        json.WriteString("root"u8, model.Name);
        json.WriteNull("parent"u8);
        json.WriteNumber("max_model_len"u8, model.ContextLength);
        json.WriteStartObject("meta"u8);
        json.WriteString("architecture"u8, model.Architecture);
        json.WriteString("weight_type"u8, model.WeightType);
        json.WriteNumber("parameters"u8, model.ParameterCount);
        json.WriteNumber("weight_bytes"u8, model.WeightBytes);
        json.WriteNumber("trained_context_length"u8, model.TrainedContextLength);
        json.WriteNumber("vocabulary_size"u8, model.VocabularySize);
        json.WriteNumber("embedding_length"u8, model.EmbeddingLength);
        json.WriteBoolean("can_generate"u8, model.CanGenerate);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
