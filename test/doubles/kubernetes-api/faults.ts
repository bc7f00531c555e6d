import type { IncomingMessage, ServerResponse } from "node:http";
import { apiStatus } from "./api-status.ts";
import type { ApiRequestInfo, Verb } from "./read-request.ts";

export interface RequestMatch {
  verb?: Verb | readonly Verb[];
  /** Resource names as in paths: `services`. */
  resource?: string | readonly string[];
  group?: string;
  namespace?: string;
  name?: string;
  path?: RegExp;
}

export interface Fault {
  /** Every request when left out. */
  match?: RequestMatch | ((request: ApiRequestInfo) => boolean);
  /**
   * A number is the status of the answer. `reset` cuts the connection, `hang` never answers, `silent` sends headers
   * and then nothing, `truncate` sends half of what the answer's length says and cuts, `garbage` answers 200 with
   * what is no JSON.
   */
  answer: number | "reset" | "hang" | "silent" | "truncate" | "garbage";
  /** How many requests meet it. Default: all until `clear()`. */
  times?: number;
  retryAfterSeconds?: number;
}

/** A fault that was set: how many requests met it, and its end. */
export interface SetFault {
  readonly hits: number;
  clear(): void;
}

/** The faults of a server, tried in the order they were set. */
export class Faults {
  private readonly active = new Set<{ fault: Fault; left: number; hits: number }>();

  add(fault: Fault): SetFault {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY, hits: 0 };
    this.active.add(entry);
    const { active } = this;
    return {
      get hits() {
        return entry.hits;
      },
      clear: () => void active.delete(entry),
    };
  }

  clear(): void {
    this.active.clear();
  }

  /** The fault that this request meets, counted. */
  take(request: ApiRequestInfo): Fault | undefined {
    for (const entry of this.active) {
      if (!matches(request, entry.fault.match)) continue;
      entry.hits += 1;
      entry.left -= 1;
      if (entry.left <= 0) this.active.delete(entry);
      return entry.fault;
    }
    return undefined;
  }
}

/** Answers as the fault says. @throws ApiStatus for faults that are a status */
export function answerFault(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  const { answer, retryAfterSeconds } = fault;
  if (typeof answer === "number") {
    const headers = retryAfterSeconds === undefined ? undefined : { "retry-after": String(retryAfterSeconds) };
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    throw apiStatus(answer, `the server answers ${answer} as told`, details, headers);
  }
  if (answer === "hang") return;
  if (answer === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  response.setHeader("content-type", "application/json");
  if (answer === "silent") {
    response.flushHeaders();
    return;
  }
  if (answer === "garbage") {
    response.end("<html>not JSON</html>");
    return;
  }
  const half = '{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"ha';
  response.setHeader("content-length", half.length * 2);
  response.write(half, () => request.socket.destroySoon());
}

export function matches(request: ApiRequestInfo, match: Fault["match"] = {}): boolean {
  if (typeof match === "function") return match(request);
  const { verb, resource, group, namespace, name, path } = match;
  const isOneOf = (wanted: string | readonly string[] | undefined, value: string) =>
    wanted === undefined || (typeof wanted === "string" ? wanted === value : wanted.includes(value));
  return (
    isOneOf(verb, request.verb) &&
    isOneOf(resource, request.plural) &&
    isOneOf(group, request.group) &&
    isOneOf(namespace, request.namespace) &&
    isOneOf(name, request.name) &&
    (path === undefined || path.test(request.target))
  );
}
