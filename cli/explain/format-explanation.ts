import type { Lost, MatchCandidate } from "../../src/router/explain-match.ts";
import type { Router } from "../../src/table/router.ts";
import type { Location } from "../../sync-agent/source/locate.ts";
import type { Problem } from "../../sync-agent/translate/problem.ts";
import { type Colors, plain } from "../print/colors.ts";
import { formatProblem, type PrintableProblem } from "../print/format-problem.ts";
import { oneLine } from "../print/one-line.ts";
import { describeListener } from "./explain-no-route.ts";
import type { Explanation } from "./explanation.ts";
import { formatChecks } from "./format-checks.ts";
import { formatService } from "./format-service.ts";

export interface ExplanationContext {
  colors?: Colors;
  /** Where a router was asked for, its file named for people. */
  locate(router: Router): { subject: string; location: Location | undefined } | undefined;
  toPrintable(problem: Problem): PrintableProblem;
}

const MAX_CANDIDATES = 5;

/** An explanation as people read it. Ends with a newline. */
export function formatExplanation(explanation: Explanation, context: ExplanationContext): string {
  const { colors = plain } = context;
  const { request, answer, winner, middlewares, below, service, problems } = explanation;
  const sections: string[][] = [requestLines(explanation, colors)];
  if (answer !== undefined) {
    sections.push([`${colors.bold(colors.red(`The edge answers ${answer.status}`))}: ${oneLine(answer.reason)}`]);
  }
  if (winner !== undefined) sections.push(routerLines("Router", winner, context));
  sections.push(middlewareLines(middlewares, colors));
  for (const level of below) {
    if (level.winner !== undefined) sections.push(routerLines("Router below it", level.winner, context));
    sections.push(middlewareLines(level.middlewares, colors));
    const heading = level.winner === undefined ? "Below it, and did not answer" : "Beside it";
    sections.push(besideLines(heading, level.candidates, context));
  }
  if (service !== undefined) sections.push([colors.bold("Service"), ...indented(formatService(service, colors))]);
  for (const problem of problems) sections.push([formatProblem(context.toPrintable(problem), colors)]);
  if (request.path !== undefined) sections.push(candidateLines(explanation, context));
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function routerLines(heading: string, { router, checks }: MatchCandidate, context: ExplanationContext): string[] {
  const { colors = plain } = context;
  return [
    `${colors.bold(heading)} ${router.name}${placeOf(router, context)}`,
    ...indented([
      `rule      ${oneLine(router.ruleText)}`,
      ...formatChecks(checks, colors).map((line) => `          ${line}`),
      `priority  ${router.priority}`,
    ]),
  ];
}

function middlewareLines(middlewares: Explanation["middlewares"], colors: Colors): string[] {
  if (middlewares.length === 0) return [];
  const lines = middlewares.flatMap(({ name, type, does, answers }, index) => {
    const answered = answers && [`answers ${answers.status}${answers.location ? ` to ${answers.location}` : ""}`];
    const what = answered ?? (does.length > 0 ? does : ["changes nothing about this request"]);
    return [`${index + 1}. ${name}  ${colors.dim(type)}`, ...what.map((line) => `   ${oneLine(line)}`)];
  });
  return [colors.bold("Middlewares"), ...indented(lines)];
}

function requestLines({ request }: Explanation, colors: Colors): string[] {
  const { method, url, host, path, entryPoint, tls } = request;
  const at = entryPoint === undefined ? [] : [`entry point  ${describeListener(entryPoint, tls)}`];
  const compared = path === undefined ? [] : [`path         ${path}`];
  return [colors.bold(`${method} ${url}`), ...indented([...at, `host         ${host}`, ...compared])];
}

function candidateLines({ candidates, winner }: Explanation, context: ExplanationContext): string[] {
  const heading = winner === undefined ? "Came close" : "Came close, and did not answer";
  return besideLines(heading, candidates, context);
}

function besideLines(heading: string, candidates: readonly MatchCandidate[], context: ExplanationContext): string[] {
  const { colors = plain } = context;
  if (candidates.length === 0) return [];
  const blocks = candidates
    .slice(0, MAX_CANDIDATES)
    .flatMap((candidate) => [
      `${oneLine(candidate.router.ruleText)}${placeOf(candidate.router, context)}`,
      ...lostLines(candidate, colors).map((line) => `  ${line}`),
    ]);
  const more = candidates.length - MAX_CANDIDATES;
  return [colors.bold(heading), ...indented(more > 0 ? [...blocks, `… and ${more} more`] : blocks)];
}

function lostLines({ router, lost, here, checks }: MatchCandidate, colors: Colors): string[] {
  const stands = router.entryPoints.map((entryPoint) => describeListener(entryPoint, router.tls)).join(" and ");
  const elsewhere = here ? [] : [`stands on ${stands}`];
  return lost?.reason === "rule"
    ? [...formatChecks(checks, colors, "failed"), ...elsewhere]
    : [...elsewhere, ...reasonOf(router, lost)];
}

function reasonOf({ priority }: Router, lost: Lost | undefined): string[] {
  if (lost?.reason === "priority") return [`matches, but its priority is ${priority}, below ${lost.to.priority}`];
  if (lost?.reason === "tie") {
    return [`matches with the same priority, ${priority}, but the other comes first by age, name and place`];
  }
  return ["matches otherwise"];
}

function placeOf(router: Router, { locate, colors = plain }: ExplanationContext): string {
  const found = locate(router);
  if (found === undefined) return "";
  const { subject, location } = found;
  return `\n    ${colors.blue("-->")} ${location ? `${location.file}:${location.line}:${location.column}  ` : ""}${colors.dim(subject)}`;
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
