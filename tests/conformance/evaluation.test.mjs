// Requests in the form of lm-evaluation-harness ("local-completions"): prompts as token ids, scored by echo with log probabilities.
import assert from "node:assert/strict";
import { test } from "node:test";

const url = process.env.TIERCEL_URL;
const model = process.env.TIERCEL_MODEL;

async function post(path, body) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.TIERCEL_KEY}` },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

const tokenize = async (prompt) => (await post("/tokenize", { model, prompt, add_special_tokens: false })).tokens;

/** What the harness reads of an answer: the sum over the continuation, and whether each of its tokens was the likeliest. */
function score(choice, contextLength) {
  const { token_logprobs, tokens, top_logprobs } = choice.logprobs;
  let isGreedy = true;
  for (let i = contextLength; i < tokens.length - 1; i++) {
    const best = Object.entries(top_logprobs[i]).reduce((a, b) => (b[1] > a[1] ? b : a));
    isGreedy &&= best[0] === tokens[i];
  }
  return { sum: token_logprobs.slice(contextLength, -1).reduce((a, b) => a + b, 0), isGreedy };
}

for (const max_tokens of [1, 0]) {
  test(`a context and its continuation are scored, max_tokens ${max_tokens}`, async () => {
    const context = await tokenize("Once upon a time");
    const greedy = await post("/v1/completions", { model, prompt: [context], temperature: 0, max_tokens: 6, seed: 1234 });
    const likely = await tokenize(greedy.choices[0].text);
    const unlikely = likely.map((id, i) => likely[likely.length - 1 - i]);
    const prompt = [[...context, ...likely], [...context, ...unlikely]];
    const answer = await post("/v1/completions", { model, prompt, temperature: 0, max_tokens, logprobs: 1, seed: 1234, echo: true });
    assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
    for (const [i, choice] of answer.choices.entries()) {
      const length = prompt[i].length + max_tokens;
      assert.equal(choice.logprobs.tokens.length, length);
      assert.equal(choice.logprobs.token_logprobs.length, length);
      assert.equal(choice.logprobs.top_logprobs.length, length);
      assert.equal(choice.logprobs.text_offset.length, length);
      assert.equal(choice.logprobs.token_logprobs[0], null);
      assert.equal(choice.logprobs.tokens.join(""), choice.text);
      assert.ok(choice.text.startsWith("Once upon a time"));
      assert.ok(choice.logprobs.token_logprobs.slice(1).every((value) => value <= 0));
    }
    const [first, second] = answer.choices.map((choice) => score(choice, context.length));
    assert.ok(first.sum > second.sum);
    // With max_tokens 1 the harness drops the generated token; with 0 the last one of the prompt, which changes neither verdict.
    assert.equal(first.isGreedy, true);
    assert.equal(second.isGreedy, false);
  });
}

test("the same context is scored alike again, from the cache", async () => {
  const prompt = [await tokenize("The fox lived in a castle with a red kite and a dragon that told stories at night.")];
  const request = { model, prompt, temperature: 0, max_tokens: 1, logprobs: 5, echo: true, seed: 1234 };
  const first = await post("/v1/completions", request);
  const second = await post("/v1/completions", request);
  assert.deepEqual(second.choices, first.choices);
});

test("text is generated until a stop string", async () => {
  const answer = await post("/v1/completions", { model, prompt: ["Once upon a time"], max_tokens: 64, temperature: 0, stop: [".", "\n"], seed: 1234 });
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.ok(!answer.choices[0].text.includes("."));
});

test("strings are scored like their tokens", async () => {
  const text = "Once upon a time there was a fox.";
  const options = { model, temperature: 0, max_tokens: 0, logprobs: 1, echo: true };
  const asText = await post("/v1/completions", { ...options, prompt: [text], add_special_tokens: false });
  const asTokens = await post("/v1/completions", { ...options, prompt: [await tokenize(text)] });
  assert.deepEqual(asText.choices, asTokens.choices);
  assert.equal(asText.choices[0].text, text);
});
