import type { MatchCandidate } from "../../src/router/explain-match.ts";
import type { Router } from "../../src/table/router.ts";
import type { Explanation } from "./explanation.ts";
import type { ExplanationContext } from "./format-explanation.ts";

/** Of very many routes of one host only the closest are listed. */
const MAX_CANDIDATES = 20;

/** An explanation for programs, as JSON. Ends with a newline. */
export function explanationJson(explanation: Explanation, context: ExplanationContext): string {
  const { request, answer, winner, candidates, middlewares, below, service, problems } = explanation;
  const routerOf = (router: Router) => {
    const found = context.locate(router);
    const { name, ruleText: rule, priority, entryPoints, tls, closedBy } = router;
    const { file = null, line = null, column = null } = found?.location ?? {};
    const at = { object: found?.subject ?? null, file, line, column };
    return { name, rule, priority, entryPoints, tls, closedBy: closedBy ?? null, ...at };
  };
  const lostBy = ({ lost }: MatchCandidate) =>
    lost && { reason: lost.reason, ...("to" in lost && { to: lost.to.name }) };
  const routeOf = (winner: MatchCandidate | undefined) =>
    winner ? { ...routerOf(winner.router), checks: winner.checks } : null;
  const candidateOf = (candidate: MatchCandidate) => ({
    ...routerOf(candidate.router),
    here: candidate.here,
    matched: candidate.matched,
    lost: lostBy(candidate),
    checks: candidate.checks,
  });
  const shown = candidates.slice(0, MAX_CANDIDATES);
  const result = {
    request: { ...request, path: request.path ?? null, entryPoint: request.entryPoint ?? null },
    answer: answer ?? null,
    router: routeOf(winner),
    middlewares,
    below: below.map((level) => ({
      router: routeOf(level.winner),
      middlewares: level.middlewares,
      candidates: level.candidates.map(candidateOf),
    })),
    service: service ?? null,
    problems: problems.map((problem) => {
      const { code, severity, message, hint, location } = context.toPrintable(problem);
      const { file = null, line = null, column = null } = location ?? {};
      return { code, severity, file, line, column, message, hint: hint ?? null };
    }),
    candidates: shown.map(candidateOf),
    candidatesLeftOut: candidates.length - shown.length,
  };
  return `${JSON.stringify(result, null, 2)}\n`;
}
