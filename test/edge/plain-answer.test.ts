import { expect, it } from "vitest";
import { plainAnswer } from "../../src/edge/plain-answer.ts";

it.each([
  [404, undefined, "404 page not found"],
  [503, undefined, "Service Unavailable"],
  [204, undefined, ""],
  [418, undefined, ""],
  [503, "no available server", "no available server"],
])("%i answers %s", async (status, text, body) => {
  const answer = plainAnswer(status, text);
  expect([answer.status, await answer.text(), answer.headers.get("Cache-Control")]).toEqual([status, body, "no-store"]);
});
