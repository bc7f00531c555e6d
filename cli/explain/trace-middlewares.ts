import type { Exchange } from "../../src/exchange/exchange.ts";
import { buildMiddlewares } from "../../src/middleware/registry.ts";
import { bareRuntime, type MiddlewareRuntime } from "../../src/middleware/runtime.ts";
import { createUnseal } from "../../src/seal/create-unseal.ts";
import type { Middleware } from "../../src/table/middleware.ts";
import type { Table } from "../../src/table/table.ts";
import { UNPUBLISHED_SEAL_KEY } from "../check/translate-manifests.ts";

/** What one middleware does to the request at hand. */
export interface MiddlewareStep {
  name: string;
  type: string;
  /** In words, in the order host, path, headers of the request, headers of the answer. Empty when it changes nothing. */
  does: string[];
  /** Set when it answers itself: what stands behind it never sees the request. */
  answers?: { status: number; location?: string };
}

/** The middlewares cannot be built: the edge closes such a route. */
export type MiddlewareTrace = { steps: MiddlewareStep[]; exchange: Exchange } | { error: string };

/** Sends a request through the very middlewares that the edge would run, one by one; chains by their members. */
export async function traceMiddlewares(
  names: readonly string[],
  { middlewares }: Table,
  exchange: Exchange,
): Promise<MiddlewareTrace> {
  const find = buildMiddlewares(middlewares, () => async () => new Response(null), runtime());
  const steps: MiddlewareStep[] = [];
  let current = exchange;
  try {
    for (const name of names) find(name);
    for (const name of names.flatMap((one) => membersOf(one, middlewares))) {
      const before = snapshotOf(current);
      let reached: Exchange | undefined;
      const answer = await find(name)(async (next) => {
        reached = next;
        return new Response(null);
      })(current);
      const options = middlewares[name];
      const type = options?.type ?? "";
      if (reached === undefined) {
        const location = answer.headers.get("location");
        steps.push({
          name,
          type,
          does: [],
          answers: { status: answer.status, ...(location !== null && { location }) },
        });
        break;
      }
      current = reached;
      steps.push({
        name,
        type,
        does: [...asked(options), ...changes(before, snapshotOf(current)), ...answerHeaders(answer)],
      });
    }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
  return { steps, exchange: current };
}

/** Nobody is asked here: what follows holds when the answer lets the request pass. */
function asked(options: Middleware | undefined): string[] {
  if (options?.type !== "forwardAuth" && options?.type !== "externalAuth") return [];
  return [`asks ${options.type === "forwardAuth" ? options.address : options.service}; here it lets the request pass`];
}

/** Opens what `translateManifests` sealed, so that credentials of the request are judged as the edge would. */
const runtime = (): MiddlewareRuntime => ({
  ...bareRuntime(),
  unseal: createUnseal(Buffer.from(UNPUBLISHED_SEAL_KEY).toString("base64")),
});

function membersOf(name: string, middlewares: Table["middlewares"]): string[] {
  const options = middlewares[name];
  return options?.type === "chain" ? options.middlewares.flatMap((one) => membersOf(one, middlewares)) : [name];
}

interface Snapshot {
  host: string;
  target: string;
  headers: Map<string, string>;
}

const snapshotOf = ({ host, path, query, headers }: Exchange): Snapshot => ({
  host,
  target: path + query,
  headers: new Map(headers.current),
});

function changes(before: Snapshot, after: Snapshot): string[] {
  const does: string[] = [];
  if (before.host !== after.host) does.push(`host ${before.host} becomes ${after.host}`);
  if (before.target !== after.target) does.push(`path ${before.target} becomes ${after.target}`);
  for (const [name, value] of after.headers)
    if (before.headers.get(name) !== value) does.push(`sets ${name}: ${value}`);
  for (const name of before.headers.keys()) if (!after.headers.has(name)) does.push(`removes ${name}`);
  return does;
}

const answerHeaders = ({ headers }: Response): string[] =>
  Array.from(headers, ([name, value]) => `the answer gets ${name}: ${value}`);
