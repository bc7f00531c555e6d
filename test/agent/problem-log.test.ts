import { expect, it } from "vitest";
import { ProblemLog } from "../../sync-agent/agent/problem-log.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { fakeParts } from "./fake-parts.ts";

const problem = (name: string, severity: Problem["severity"] = "error"): Problem => ({
  code: "service-not-found",
  severity,
  object: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "default", name },
  path: ["spec", "rules", 0],
  message: `no ${name}`,
});

it("tells of a problem when it comes and when it goes, and of each once", () => {
  const { parts, lines } = fakeParts();
  const log = new ProblemLog(parts.log);
  log.update([problem("a"), problem("b", "notice")]);
  log.update([problem("a"), problem("b", "notice")]);
  log.update([problem("b", "notice")]);
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ["warn", "problem: no a"],
    ["info", "problem: no b"],
    ["info", "problem gone: no a"],
  ]);
  expect(lines[0]?.fields).toMatchObject({
    code: "service-not-found",
    kind: "Ingress",
    name: "a",
    path: "spec.rules.0",
  });
});

it("counts what is more than can be read", () => {
  const { parts, lines } = fakeParts();
  new ProblemLog(parts.log).update(Array.from({ length: 250 }, (_, i) => problem(`p${i}`)));
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toMatchObject({ fields: { count: 150 } });
});
