// The official OpenAI SDK for JavaScript against a running server.
// TIERCEL_URL, TIERCEL_KEY and TIERCEL_MODEL say where it is; run by the test project Tiercel.Cli.Tests, or with: node --test openai.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { ChatCompletionStream } from "openai/lib/ChatCompletionStream";

const model = process.env.TIERCEL_MODEL;
const client = new OpenAI({ baseURL: `${process.env.TIERCEL_URL}/v1`, apiKey: process.env.TIERCEL_KEY, maxRetries: 0 });
const hello = { model, messages: [{ role: "user", content: "Hello!" }], temperature: 0 };
const helloText = "Hello! How can I help you?";

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks, index = 0) =>
  chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index).map((choice) => choice.delta.content ?? "").join("");

test("models are listed and found by name", async () => {
  const models = await collect(await client.models.list());
  assert.ok(models.some((entry) => entry.id === model && entry.object === "model"));
  assert.equal((await client.models.retrieve(model)).id, model);
});

test("a chat is completed", async () => {
  const answer = await client.chat.completions.create(hello);
  assert.equal(answer.object, "chat.completion");
  assert.match(answer.id, /^chatcmpl-/);
  assert.ok(Number.isInteger(answer.created));
  assert.equal(answer.choices.length, 1);
  assert.equal(answer.choices[0].message.role, "assistant");
  assert.equal(answer.choices[0].message.content, helloText);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.choices[0].message.tool_calls, undefined);
  assert.equal(answer.usage.prompt_tokens, 10);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.ok(Number.isInteger(answer.usage.prompt_tokens_details.cached_tokens));
});

test("a chat is streamed chunk by chunk", async () => {
  const chunks = await collect(await client.chat.completions.create({ ...hello, stream: true, stream_options: { include_usage: true } }));
  assert.deepEqual(chunks[0].choices[0].delta, { role: "assistant", content: "" });
  assert.equal(textOf(chunks), helloText);
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
  assert.equal(new Set(chunks.map((chunk) => chunk.created)).size, 1);
  assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk" && chunk.model === chunks[0].model));
  const finish = chunks.at(-2);
  assert.deepEqual(finish.choices[0].delta, {});
  assert.equal(finish.choices[0].finish_reason, "stop");
  assert.ok(chunks.slice(0, -2).every((chunk) => chunk.choices[0].finish_reason === null));
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.prompt_tokens, 10);
});

test("no usage chunk comes unasked", async () => {
  const chunks = await collect(await client.chat.completions.create({ ...hello, stream: true }));
  assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
});

test("the stream helper puts the answer together", async () => {
  const deltas = [];
  const stream = client.chat.completions.stream({ ...hello, stream_options: { include_usage: true } });
  stream.on("content", (delta) => deltas.push(delta));
  assert.equal(await stream.finalContent(), helloText);
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.choices[0].message.role, "assistant");
  assert.equal(answer.choices[0].message.content, helloText);
  assert.equal(deltas.join(""), helloText);
  assert.equal((await stream.totalUsage()).prompt_tokens, 10);
});

test("the stream helper puts several choices and their logprobs together", async () => {
  const stream = client.chat.completions.stream({ ...hello, n: 2, logprobs: true, top_logprobs: 2 });
  const answer = await stream.finalChatCompletion();
  assert.deepEqual(answer.choices.map((choice) => choice.message.content), [helloText, helloText]);
  for (const choice of answer.choices) {
    assert.equal(choice.logprobs.content.map((token) => token.token).join(""), helloText);
  }
});

test("the stream helper reads back what it wrote", async () => {
  const stream = client.chat.completions.stream(hello);
  const again = ChatCompletionStream.fromReadableStream(stream.toReadableStream());
  assert.equal(await again.finalContent(), helloText);
});

test("the parse helper reads a plain answer", async () => {
  const answer = await client.chat.completions.parse(hello);
  assert.equal(answer.choices[0].message.content, helloText);
  assert.equal(answer.choices[0].message.parsed, null);
});

test("aborting a stream ends it, and the server goes on", async () => {
  const long = { model, prompt: "Once upon a time", max_tokens: 1500, temperature: 0, stream: true, ignore_eos: true };
  const stream = await client.completions.create(long);
  let seen = 0;
  for await (const _ of stream) if (++seen === 3) stream.controller.abort();
  assert.ok(seen >= 3 && seen < 1500);
  assert.equal((await client.chat.completions.create(hello)).choices[0].message.content, helloText);
});

test("roles, parts and limits of a chat", async () => {
  const answer = await client.chat.completions.create({
    model,
    messages: [{ role: "developer", content: "Be kind." }, { role: "user", content: [{ type: "text", text: "Hello!" }] }],
    max_completion_tokens: 3,
    temperature: 0,
    user: "someone",
    metadata: { label: "x" },
    store: false,
    service_tier: "auto",
  });
  assert.equal(answer.choices[0].finish_reason, "length");
  assert.equal(answer.usage.completion_tokens, 3);
  const older = await client.chat.completions.create({ ...hello, max_tokens: 2 });
  assert.equal(older.usage.completion_tokens, 2);
});

test("logprobs of a chat", async () => {
  const answer = await client.chat.completions.create({ ...hello, logprobs: true, top_logprobs: 3 });
  const tokens = answer.choices[0].logprobs.content;
  assert.equal(tokens.map((token) => token.token).join(""), helloText);
  for (const token of tokens) {
    assert.ok(token.logprob <= 0);
    assert.equal(token.top_logprobs.length, 3);
    // Greedy: what was chosen is what was likeliest.
    assert.equal(token.top_logprobs[0].token, token.token);
    assert.equal(Buffer.from(token.bytes).toString("utf8"), token.token);
  }
});

test("a seed repeats, and a stop string ends before itself", async () => {
  const warm = { model, prompt: "Once upon a time", max_tokens: 24, temperature: 1, seed: 1234 };
  const first = await client.completions.create(warm);
  const second = await client.completions.create(warm);
  assert.equal(first.choices[0].text, second.choices[0].text);
  const stopped = await client.chat.completions.create({ ...hello, stop: ["can"] });
  assert.equal(stopped.choices[0].message.content, "Hello! How ");
  assert.equal(stopped.choices[0].finish_reason, "stop");
});

test("several choices differ under a seed, and come in their order", async () => {
  const answer = await client.completions.create({ model, prompt: "Once", max_tokens: 16, temperature: 1.2, seed: 7, n: 4 });
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1, 2, 3]);
  assert.ok(new Set(answer.choices.map((choice) => choice.text)).size > 1);
});

test("logit_bias forbids a token", async () => {
  const first = await client.chat.completions.create({ ...hello, max_tokens: 1 });
  const { tokens } = await client.post("/../tokenize", { body: { model, prompt: first.choices[0].message.content, add_special_tokens: false } });
  const biased = await client.chat.completions.create({ ...hello, max_tokens: 1, logit_bias: { [tokens[0]]: -100 } });
  assert.notEqual(biased.choices[0].message.content, first.choices[0].message.content);
});

test("streams at one time give what one alone gives", async () => {
  const prompts = ["Once upon a time", "What is 17 + 25?", "Hello", "The fox", "A story about a", "One two", "In the castle", "She said"];
  const request = (prompt) => ({ model, prompt, max_tokens: 40, temperature: 0.8, seed: 5 });
  const alone = [];
  for (const prompt of prompts) alone.push((await client.completions.create(request(prompt))).choices[0].text);
  const together = await Promise.all(prompts.map(async (prompt) => {
    const chunks = await collect(await client.completions.create({ ...request(prompt), stream: true }));
    return chunks.map((chunk) => chunk.choices[0]?.text ?? "").join("");
  }));
  assert.deepEqual(together, alone);
});

test("completions of text, tokens and batches", async () => {
  const { tokens } = await client.post("/../tokenize", { body: { model, prompt: "Once upon", add_special_tokens: false } });
  const options = { model, max_tokens: 8, temperature: 0 };
  const text = (await client.completions.create({ ...options, prompt: "Once upon" })).choices[0].text;
  assert.equal((await client.completions.create({ ...options, prompt: tokens })).choices[0].text, text);
  const batch = await client.completions.create({ ...options, prompt: ["Once upon", "Hello", "Once upon"] });
  assert.deepEqual(batch.choices.map((choice) => choice.index), [0, 1, 2]);
  assert.equal(batch.choices[0].text, text);
  assert.equal(batch.choices[2].text, text);
  const ids = await client.completions.create({ ...options, prompt: [tokens, tokens] });
  assert.deepEqual(ids.choices.map((choice) => choice.text), [text, text]);
  assert.equal(ids.usage.prompt_tokens, 2 * tokens.length);
});

test("embeddings as base64, the SDK's default, equal those as floats", async () => {
  const input = ["A fox", "A castle", "A fox"];
  const packed = await client.embeddings.create({ model, input });
  const plain = await client.embeddings.create({ model, input, encoding_format: "float" });
  assert.equal(packed.object, "list");
  assert.deepEqual(packed.data.map((entry) => entry.index), [0, 1, 2]);
  assert.ok(packed.data[0].embedding.length > 0);
  packed.data.forEach((entry, i) => {
    assert.equal(entry.embedding.length, plain.data[i].embedding.length);
    entry.embedding.forEach((value, j) => assert.ok(Math.abs(value - plain.data[i].embedding[j]) < 1e-6));
  });
  assert.deepEqual(packed.data[0].embedding, packed.data[2].embedding);
  assert.notDeepEqual(packed.data[0].embedding, packed.data[1].embedding);
  const norm = Math.hypot(...packed.data[0].embedding);
  assert.ok(Math.abs(norm - 1) < 1e-3, `norm ${norm}`);
  assert.equal(packed.usage.prompt_tokens, packed.usage.total_tokens);
  const raw = await client.embeddings.create({ model, input, encoding_format: "base64" });
  const value = raw.data[0].embedding;
  assert.equal(typeof value === "string" ? Buffer.from(value, "base64").length / 4 : value.length, packed.data[0].embedding.length);
});

test("embeddings of tokens equal those of their text", async () => {
  const { tokens } = await client.post("/../tokenize", { body: { model, prompt: "A fox" } });
  const text = await client.embeddings.create({ model, input: "A fox" });
  const ids = await client.embeddings.create({ model, input: tokens });
  const batch = await client.embeddings.create({ model, input: [tokens, tokens] });
  assert.deepEqual(ids.data[0].embedding, text.data[0].embedding);
  assert.deepEqual(batch.data[1].embedding, text.data[0].embedding);
});

const refusals = [
  ["an unknown model", () => client.chat.completions.create({ ...hello, model: "nope" }), OpenAI.NotFoundError, "model_not_found", "model"],
  ["an unknown parameter", () => client.chat.completions.create({ ...hello, temprature: 1 }), OpenAI.BadRequestError, "unknown_parameter", "temprature"],
  ["an unsupported parameter", () => client.chat.completions.create({ ...hello, response_format: { type: "json_object" } }), OpenAI.BadRequestError, null, /response_format/],
  ["tools", () => client.chat.completions.create({ ...hello, tools: [{ type: "function", function: { name: "f" } }] }), OpenAI.BadRequestError, null, "tools"],
  ["a value out of range", () => client.chat.completions.create({ ...hello, temperature: 3 }), OpenAI.BadRequestError, null, "temperature"],
  ["a wrong type", () => client.chat.completions.create({ ...hello, n: "two" }), OpenAI.BadRequestError, "invalid_type", "n"],
  ["no messages", () => client.chat.completions.create({ model }), OpenAI.BadRequestError, "missing_required_parameter", "messages"],
  ["a prompt beyond the context", () => client.completions.create({ model, prompt: "word ".repeat(5000) }), OpenAI.BadRequestError, "context_length_exceeded", "prompt"],
  ["a stream beyond the context", () => client.chat.completions.create({ ...hello, stream: true, messages: [{ role: "user", content: "word ".repeat(5000) }] }), OpenAI.BadRequestError, "context_length_exceeded", "messages"],
  ["a wrong key", () => new OpenAI({ baseURL: client.baseURL, apiKey: "wrong", maxRetries: 0 }).models.list(), OpenAI.AuthenticationError, "invalid_api_key", null],
];
for (const [name, call, type, code, param] of refusals) {
  test(`refused: ${name}`, async () => {
    const error = await call().then(() => null, (reason) => reason);
    assert.ok(error instanceof type, `${error}`);
    assert.ok(error.message.length > 10);
    assert.ok(error.requestID);
    if (code !== null) assert.equal(error.code, code);
    else assert.equal(typeof error.code, "string");
    if (param instanceof RegExp) assert.match(error.param, param);
    else assert.equal(error.param, param);
  });
}

test("the SDK's own headers and request ids come back", async () => {
  const { data, response, request_id } = await client.chat.completions.create({ ...hello, max_tokens: 1 }, { headers: { "x-request-id": "conformance-1" } }).withResponse();
  assert.equal(data.usage.completion_tokens, 1);
  assert.equal(response.headers.get("x-request-id"), "conformance-1");
  assert.equal(request_id, "conformance-1");
});
