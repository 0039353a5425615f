// Renders templates with @huggingface/jinja, an implementation that shares nothing with Tiercel's:
// standard input holds [{template, variables}], standard output gets [{output} or {error}].
import { Template } from "@huggingface/jinja";
import { readFileSync } from "node:fs";

// Its strftime_now reads the clock; the clock stands still at the moment that the golden file was written for.
process.env.TZ = "UTC";
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length ? args : [RealDate.UTC(2026, 2, 7, 9, 5, 3)]));
  }
};

const results = JSON.parse(readFileSync(0, "utf8")).map(({ template, variables }) => {
  try {
    return { output: new Template(template).render(variables).toWellFormed() };
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
});
process.stdout.write(JSON.stringify(results));
