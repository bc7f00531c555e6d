import { join } from "node:path";
import { expect, it } from "vitest";
import { runCheck } from "../../cli/commands/check.ts";

const cwd = join(import.meta.dirname, "../fixtures/articles");

async function found(dir: string): Promise<string[]> {
  const { stdout } = await runCheck({ dir, cwd, json: true });
  const problems = JSON.parse(stdout) as { code: string; severity: string; file: string; line: number }[];
  return problems.map(({ code, severity, file, line }) => `${file.slice(dir.length + 1)}:${line} ${severity} ${code}`);
}

it.each([
  [
    "000-protocols",
    [
      "http.yaml:12 error service-not-found",
      "http.yaml:24 warning misplaced-field",
      "http.yaml:28 warning misplaced-field",
      "http.yaml:29 warning misplaced-field",
      "http.yaml:30 warning misplaced-field",
      "http.yaml:31 warning misplaced-field",
      "http.yaml:32 warning misplaced-field",
      "http.yaml:33 warning misplaced-field",
      "tcp-udp.yaml:7 notice entry-point-not-found",
      "tcp-udp.yaml:9 warning rule-needs-tls",
      "tcp-udp.yaml:11 error service-not-found",
      "tcp-udp.yaml:20 notice entry-point-not-found",
      "tcp-udp.yaml:23 error service-not-found",
      "tcp-udp.yaml:26 warning missing-name",
      "tcp-udp.yaml:32 error service-not-found",
    ],
  ],
  ["001-outside-the-cluster", []],
  ["002-canary/http", []],
  [
    "002-canary/tcp-and-udp",
    ["routes.yaml:17 notice entry-point-not-found", "routes.yaml:42 notice entry-point-not-found"],
  ],
  [
    "002-canary/tcp-tls",
    [
      "route.yaml:7 notice entry-point-not-found",
      "route.yaml:11 error service-not-found",
      "route.yaml:14 warning secret-not-found",
    ],
  ],
  [
    // Its matches ask for a `hostname`, which a match has not: two of its rules are the same without it.
    "003-gateway-api",
    [
      "gateway.yaml:7 notice gateway-class-not-found",
      "routes.yaml:16 error service-not-found",
      "routes.yaml:33 warning misplaced-field",
      "routes.yaml:37 error service-not-found",
      "routes.yaml:40 warning misplaced-field",
      "routes.yaml:40 warning router-unreachable",
      "routes.yaml:44 error service-not-found",
      "routes.yaml:60 warning misplaced-field",
      "routes.yaml:67 error service-not-found",
      "routes.yaml:70 warning misplaced-field",
      "routes.yaml:77 error service-not-found",
    ],
  ],
  ["004-sticky/mirrored", []],
  ["004-sticky/sticky", []],
  ["004-sticky/weighted", []],
])("%s: every oddity, and nothing else", async (dir, problems) => {
  expect(await found(dir)).toEqual(problems);
});
