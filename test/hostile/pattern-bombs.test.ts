import { afterAll, beforeAll, expect, it } from "vitest";
import { routeManifest } from "../e2e/backend.ts";
import { type Running, runManifests } from "../e2e/run-manifests.ts";
import { type SendOptions, send } from "../e2e/send.ts";

// Patterns for which an engine that goes back needs longer than anybody lives, in every place that takes a pattern.

const A = "a".repeat(4000);
const BOMBS = ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*a){20}b", "(a?){50}a{50}b"];

const middleware = (name: string, spec: string): string => `---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: { name: ${name} }
spec: ${spec}
`;
const app = "{ name: app, port: 80 }";
const guarded = (name: string, spec: string): string =>
  middleware(name, spec) +
  routeManifest(name, `Host(\`${name}.example.com\`)`, [app], `      middlewares: [{ name: ${name} }]\n`);

const rules = BOMBS.flatMap((bomb, index) => [
  `Host(\`rules.example.com\`) && (PathRegexp(\`^/${bomb}$\`) || QueryRegexp(\`q\`, \`^${bomb}$\`))`,
  `Host(\`rules.example.com\`) && (HeaderRegexp(\`X-A\`, \`^${bomb}$\`) || CookieRegexp(\`c\`, \`^${bomb}$\`))`,
  `HostRegexp(\`^${bomb}\\.example\\.com$\`) && PathPrefix(\`/${index}\`)`,
]);
const manifests =
  "apiVersion: v1\nkind: Service\nmetadata: { name: app }\nspec: { selector: { app: app }, ports: [{ port: 80 }] }\n" +
  rules.map((rule, index) => routeManifest(`bomb-${index}`, rule, [app])).join("") +
  routeManifest(
    "plain",
    "Host(`rules.example.com`) || HostRegexp(`^a+!?\\.example\\.com$`)",
    [app],
    "      priority: 1\n",
  ) +
  BOMBS.map(
    (bomb, index) =>
      guarded(
        `redirect-${index}`,
        `{ redirectRegex: { regex: "^http://[^/]*/${bomb}$", replacement: "http://x/$1" } }`,
      ) +
      guarded(`replace-${index}`, `{ replacePathRegex: { regex: "^/${bomb}$", replacement: "/$1" } }`) +
      guarded(`strip-${index}`, `{ stripPrefixRegex: { regex: ["^/${bomb}"] } }`) +
      guarded(`cors-${index}`, `{ headers: { accessControlAllowOriginListRegex: ["^${bomb}$"] } }`),
  ).join("");

let running: Running;
beforeAll(async () => {
  running = await runManifests(manifests);
});
afterAll(() => running.close());

const bombs: [string, string, string, SendOptions][] = [
  ["path", "rules", `/${A}!`, {}],
  ["query", "rules", `/?q=${A}!`, {}],
  ["header", "rules", "/", { headers: { "X-A": `${A}!` } }],
  ["cookie", "rules", "/", { headers: { Cookie: `c=${A}!` } }],
  ["host", "a".repeat(60), "/0", {}],
  ...BOMBS.flatMap((_, index): typeof bombs => [
    [`redirectRegex ${index}`, `redirect-${index}`, `/${A}!`, {}],
    [`replacePathRegex ${index}`, `replace-${index}`, `/${A}!`, {}],
    [`stripPrefixRegex ${index}`, `strip-${index}`, `/${A}!`, {}],
    [`accessControlAllowOriginListRegex ${index}`, `cors-${index}`, "/", { headers: { Origin: `${A}!` } }],
  ]),
];

it("nothing is wrong with the patterns themselves", () => {
  expect(running.problems().filter(({ severity }) => severity === "error")).toEqual([]);
});

it.each(bombs)("%s: answered as if it were plain", async (_, host, path, options) => {
  const { status } = await send(running.url("web"), path, { ...options, host: `${host}.example.com` });
  expect(status).toBe(200);
});
