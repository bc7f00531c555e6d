import type { Problem } from "../translate/problem.ts";
import type { Log } from "./agent-parts.ts";

/** More in one step are counted, not told one by one: a missing CRD makes thousands. */
const MOST_LINES = 100;
const LONGEST_PATH = 500;

/** Logs each problem when it appears and when it is gone, however often it is found in between. */
export class ProblemLog {
  readonly #log: Log;
  #known = new Map<string, Problem>();
  #last: readonly Problem[] | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the place of the problems before; the very same list costs nothing. */
  update(problems: readonly Problem[]): void {
    if (problems === this.#last) return;
    this.#last = problems;
    const now = new Map(problems.map((problem) => [keyOf(problem), problem]));
    const come = [...now].filter(([key]) => !this.#known.has(key)).map(([, problem]) => problem);
    const gone = [...this.#known].filter(([key]) => !now.has(key)).map(([, problem]) => problem);
    this.#known = now;
    for (const problem of come.slice(0, MOST_LINES)) {
      const level = problem.severity === "notice" ? "info" : "warn";
      this.#log[level]({ ...fieldsOf(problem), hint: problem.hint }, `problem: ${problem.message}`);
    }
    for (const problem of gone.slice(0, MOST_LINES)) {
      this.#log.info(fieldsOf(problem), `problem gone: ${problem.message}`);
    }
    this.#tellOfRest(come.length, "more problems");
    this.#tellOfRest(gone.length, "more problems gone");
  }

  #tellOfRest(count: number, what: string): void {
    if (count > MOST_LINES) this.#log.warn({ count: count - MOST_LINES }, `${what}; the metrics count them by code`);
  }
}

const fieldsOf = ({ code, severity, object, path }: Problem): object => ({
  code,
  severity,
  kind: object.kind,
  namespace: object.namespace,
  name: object.name,
  // It may hold a key of a megabyte.
  ...(path.length > 0 && { path: path.join(".").slice(0, LONGEST_PATH) }),
});

const keyOf = ({ code, object, path, message }: Problem): string =>
  JSON.stringify([code, object.kind, object.namespace, object.name, path, message]);
