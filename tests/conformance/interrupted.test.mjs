// A server that stops in the middle of streams (TIERCEL_PID, started with --grace 0) must not let them look complete:
// an error event, no finish, no [DONE]; and the SDK and its stream helper must throw.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const url = process.env.TIERCEL_URL;
const key = process.env.TIERCEL_KEY;
let interrupt;
const interrupted = new Promise((resolve) => (interrupt = resolve));

/** As fetch, but behind its first event an answer waits for the interrupt: reading all of them would take this process longer than anything else here. */
async function held(...request) {
  const response = await fetch(...request);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let begun = "";
  const source = {
    async pull(controller) {
      if (begun.includes("\n\n")) await interrupted;
      const { done, value } = await reader.read();
      if (done) return controller.close();
      begun += begun.includes("\n\n") ? "" : decoder.decode(value, { stream: true });
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), { status: response.status, headers: response.headers });
}

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: held });
const chat = { model: process.env.TIERCEL_MODEL, messages: [{ role: "user", content: "Tell me a story." }], max_completion_tokens: 1500, temperature: 0, stream: true };
// Tens of thousands of tokens each, so that none is over when the signal arrives, however late that is on a busy machine.
const endless = { ...chat, ignore_eos: true, n: 32, logprobs: true, top_logprobs: 20 };

/** Waits until something was streamed; what follows is left in the promise. */
function started(run) {
  let begin;
  const first = new Promise((resolve) => (begin = resolve));
  const end = run(begin).then((value) => ({ value }), (error) => ({ error }));
  return { first, end };
}

const raw = started(async (begin) => {
  const response = await held(`${url}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify(endless) });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body) {
    text += decoder.decode(bytes, { stream: true });
    begin();
  }
  return text;
});
const iterated = started(async (begin) => {
  for await (const _ of await client.chat.completions.create(endless)) begin();
});
const helped = started(async (begin) => {
  const stream = client.chat.completions.stream(endless);
  stream.on("chunk", begin);
  return stream.finalContent();
});

test("streams that are cut short end with an error in every client", async () => {
  await Promise.all([raw.first, iterated.first, helped.first]);
  process.kill(Number(process.env.TIERCEL_PID), "SIGTERM");
  interrupt();
  const [text, thrown, helper] = await Promise.all([raw.end, iterated.end, helped.end]);
  const events = text.value.split("\n\n").filter((block) => block.startsWith("data: ")).map((block) => block.slice(6));
  assert.ok(!text.value.includes("[DONE]"));
  const last = JSON.parse(events.at(-1));
  assert.ok(last.error.message.length > 10, events.at(-1));
  assert.equal(typeof last.error.code, "string");
  const chunks = events.slice(0, -1).map((payload) => JSON.parse(payload));
  assert.ok(chunks.length > 1);
  assert.ok(chunks.every((chunk) => chunk.choices[0].finish_reason === null));
  assert.ok(thrown.error instanceof OpenAI.APIError, `${thrown.error}`);
  assert.ok(helper.error instanceof OpenAI.OpenAIError, `${helper.error}`);
});
