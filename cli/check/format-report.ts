import { type Colors, plain } from "../print/colors.ts";
import { formatProblem } from "../print/format-problem.ts";
import type { CheckResult } from "./check-folder.ts";
import type { FoundProblem } from "./found-problem.ts";

const severities = ["error", "warning", "notice"] as const;

/** All problems as people read them, and a line that counts them. Ends with a newline. */
export function formatReport(result: CheckResult, colors: Colors = plain): string {
  const { problems, files, routers, tcpRouters, udpRouters } = result;
  const blocks = problems.map((problem) => `${formatProblem(problem, colors)}\n`);
  const streams = { "TCP route": tcpRouters, "UDP route": udpRouters };
  const routes = Object.entries(streams).flatMap(([noun, amount]) => (amount === 0 ? [] : [count(amount, noun)]));
  const where = [count(files, "file"), count(routers, "route"), ...routes].join(", ");
  const counts = severities.flatMap((severity) => {
    const found = problems.filter((problem) => problem.severity === severity).length;
    return found === 0 ? [] : [count(found, severity)];
  });
  const paint = hasErrors(problems) ? colors.red : problems.length > 0 ? colors.yellow : colors.green;
  const summary = files === 0 ? "No manifests" : counts.length === 0 ? "No problems" : counts.join(", ");
  return [...blocks, `${paint(colors.bold(summary))} in ${where}\n`].join("\n");
}

/** The problems as JSON: every field in every problem, null where there is nothing to say. Ends with a newline. */
export function reportJson({ problems }: CheckResult): string {
  const entries = problems.map(({ code, severity, location, object, field, message, hint }) => ({
    code,
    severity,
    file: location?.file ?? null,
    line: location?.line ?? null,
    column: location?.column ?? null,
    object,
    field,
    message,
    hint: hint ?? null,
  }));
  return `${JSON.stringify(entries, null, 2)}\n`;
}

export const hasErrors = (problems: readonly FoundProblem[]): boolean =>
  problems.some(({ severity }) => severity === "error");

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? "" : "s"}`;
