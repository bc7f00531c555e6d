import { expect, test } from "vitest";
import { linesOf, translateText } from "../translate-text.ts";

test("a kind that is not served yet is told once an object", () => {
  const route =
    "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TCPRoute\nmetadata: { name: db }\nspec: { rules: [] }\n";
  expect(linesOf(translateText(route))).toEqual(["warning unsupported-kind TCPRoute/db kind"]);
});
