import { expect, test } from "vitest";
import { linesOf, traefik, translateText } from "../translate-text.ts";

test("a kind that is not served yet is told once an object", () => {
  const store = traefik("TLSStore", "default", "defaultCertificate: {}");
  expect(linesOf(translateText(store))).toEqual(["warning unsupported-kind TLSStore/default kind"]);
});
