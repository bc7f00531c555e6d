import { Hono } from "hono/tiny";
import type { HistoryEntry, Pin } from "../beacon/beacon-state.ts";
import type { Pointer } from "../table/snapshot.ts";
import type { Table } from "../table/table.ts";
import { toRawData } from "./rawdata.ts";
import type { AdminScope, VerifyAdminToken } from "./verify-admin-token.ts";

/** What the admin API answers from. */
export interface AdminContext {
  /** Below which path it answers; empty on a host of its own. */
  basePath: string;
  verify: VerifyAdminToken;
  /** What this isolate serves, after a look whether there is something newer. */
  status(): Promise<{ pointer: Pointer | undefined } & Record<string, unknown>>;
  /** The whole table of the generation served; undefined when it cannot be read. */
  readTable(): Promise<Table | undefined>;
  /** What a publisher asks of the beacon; undefined where there is none. */
  beacon: AdminBeacon | undefined;
}

interface AdminBeacon {
  /** Hands a publisher's word of a new root to the beacon. */
  advance(request: unknown): Promise<AdvanceAnswer>;
  /** Issues an epoch; undefined when the request has not the form of a claim. */
  claim(request: unknown): Promise<number | undefined>;
  history(): Promise<HistoryEntry[]>;
  pinned(): Promise<Pin | null>;
  release(): Promise<void>;
}

/** `malformed`: the request has not the form of an advance. `refused`: somebody else moved the pointer, or leads. */
export type AdvanceAnswer =
  | { outcome: "accepted"; pointer: Pointer }
  | { outcome: "refused"; pointer: Pointer | undefined; reason: string }
  | { outcome: "malformed"; reason: string };

/**
 * The admin API: `GET /ping`, `GET /api/generation`, `GET /api/rawdata`, `GET /api/history` to read; `POST
 * /api/generation`, `POST /api/epoch`, `DELETE /api/pin` to publish. All but ping want a bearer token with the scope
 * `read` or `publish`.
 */
export function createAdminApp(context: AdminContext): Hono {
  const app = new Hono().basePath(context.basePath || "/");
  const guard = async (authorization: string | undefined, scope: AdminScope): Promise<Response | undefined> => {
    const verdict = await context.verify(authorization ?? null, scope);
    switch (verdict) {
      case "ok":
        return undefined;
      case "insufficient-scope":
        return refuse(
          403,
          `the token lacks the scope "${scope}"`,
          `Bearer error="insufficient_scope", scope="${scope}"`,
        );
      case "invalid-token":
        return refuse(401, "the token is not valid", 'Bearer error="invalid_token"');
      case "no-token":
        return refuse(401, "a bearer token is needed", "Bearer");
    }
  };

  app.get("/ping", (c) => c.text("OK"));

  app.get(
    "/api/generation",
    async (c) => (await guard(c.req.header("Authorization"), "read")) ?? c.json(await context.status()),
  );

  app.get("/api/rawdata", async (c) => {
    const refusal = await guard(c.req.header("Authorization"), "read");
    if (refusal) return refusal;
    const table = await context.readTable();
    return table === undefined ? c.json({ error: "the table cannot be read" }, 503) : c.json(toRawData(table));
  });

  app.get("/api/history", async (c) => {
    const refusal = await guard(c.req.header("Authorization"), "read");
    if (refusal) return refusal;
    const { beacon } = context;
    if (beacon === undefined) return c.json(NO_BEACON, 501);
    const [history, pin] = await Promise.all([beacon.history(), beacon.pinned()]);
    return c.json({ history, pin });
  });

  app.post("/api/generation", async (c) => {
    const refusal = await guard(c.req.header("Authorization"), "publish");
    if (refusal) return refusal;
    if (context.beacon === undefined) return c.json(NO_BEACON, 501);
    const request: unknown = await c.req.json().catch(() => undefined);
    const answer = await context.beacon.advance(request);
    switch (answer.outcome) {
      case "accepted":
        return c.json({ pointer: answer.pointer });
      case "refused":
        return c.json({ error: answer.reason, pointer: answer.pointer ?? null }, 409);
      case "malformed":
        return c.json({ error: answer.reason }, 400);
    }
  });

  app.post("/api/epoch", async (c) => {
    const refusal = await guard(c.req.header("Authorization"), "publish");
    if (refusal) return refusal;
    if (context.beacon === undefined) return c.json(NO_BEACON, 501);
    const epoch = await context.beacon.claim(await c.req.json().catch(() => undefined));
    return epoch === undefined ? c.json({ error: "atLeast is not a whole number" }, 400) : c.json({ epoch });
  });

  app.delete("/api/pin", async (c) => {
    const refusal = await guard(c.req.header("Authorization"), "publish");
    if (refusal) return refusal;
    if (context.beacon === undefined) return c.json(NO_BEACON, 501);
    await context.beacon.release();
    return c.json({ pin: null });
  });

  app.notFound((c) => c.text("404 page not found", 404));
  app.onError((_, c) => c.json({ error: "internal error" }, 500));
  return app;
}

const NO_BEACON = { error: "this Worker has no beacon" };

/** RFC 6750, section 3. */
function refuse(status: number, error: string, challenge: string): Response {
  return Response.json({ error }, { status, headers: { "WWW-Authenticate": challenge } });
}
