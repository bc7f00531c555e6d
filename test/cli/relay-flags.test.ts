import { expect, it } from "vitest";
import { readRelaySettings } from "../../cli/commands/relay-flags.ts";

const flags = { feed: "https://agent:9443", "feed-token-file": "token", "hop-keys": "keys.json" };

it("takes the agents' feed, the token and the edge's keys as enough", () => {
  expect(readRelaySettings(flags)).toMatchObject({ feed: { urls: ["https://agent:9443"] }, processes: 1 });
});

it.each([
  ["feed", ""],
  ["feed", ","],
  ["feed-token-file", ""],
  ["hop-keys", ""],
  ["cache", ""],
  ["grace", ""],
])("refuses --%s=%s, which a variable that is not set leaves", (name, value) => {
  expect(() => readRelaySettings({ ...flags, [name]: value })).toThrow(`--${name} needs a value`);
});
