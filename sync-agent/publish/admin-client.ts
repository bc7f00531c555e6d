import { importJWK, type JWK, SignJWT } from "jose";
import * as z from "zod";
import { ADMIN_AUDIENCE } from "../../src/admin/verify-admin-token.ts";
import type { AdvanceResult, HistoryEntry, Pin } from "../../src/beacon/beacon-state.ts";
import { type Pointer, pointerSchema } from "../../src/table/snapshot.ts";
import type { BeaconBinding } from "./beacon-binding.ts";
import type { Fetch } from "./proxied-fetch.ts";
import { PublishError } from "./publish-error.ts";

/** The Worker's admin API, as a publisher uses it: the beacon's calls, and what the Worker tells of itself. */
export interface AdminClient extends BeaconBinding {
  /** @returns undefined where the Worker has no table, or is older than the field */
  status(signal?: AbortSignal): Promise<{ generation: number | undefined; tableVersion: number | undefined }>;
}

export interface AdminClientOptions {
  /** Where the admin API begins: `https://sluice-admin.example.com`, or with ADMIN_PATH. */
  url: string;
  /** A private key (JWK) whose public half is in the Worker's ADMIN_KEYS. */
  key: JWK;
  /** Milliseconds since 1970. */
  now: () => number;
  fetch?: Fetch;
  timeoutMs?: number;
}

const TOKEN_SECONDS = 60;
const TIMEOUT_MS = 15_000;

const generationSchema = z.object({
  pointer: z.nullish(pointerSchema),
  tableVersion: z.number().optional(),
});
const historySchema = z.object({
  history: z.array(z.object({ pointer: pointerSchema, at: z.number() })),
  pin: z.object({ reason: z.string(), at: z.number() }).nullable(),
});
const movedSchema = z.object({ pointer: pointerSchema });
const refusedSchema = z.object({
  error: z.enum(["stale-epoch", "stale-expectation", "other-publisher", "pinned"]),
  pointer: z.nullable(pointerSchema),
});

/**
 * Signs each request with a token of a minute. Its calls reject with a PublishError.
 *
 * @throws Error for a key that cannot sign
 */
export async function createAdminClient({
  url,
  key,
  now,
  fetch: send = fetch,
  timeoutMs = TIMEOUT_MS,
}: AdminClientOptions): Promise<AdminClient> {
  const algorithm = key.alg ?? (key.kty === "OKP" ? "EdDSA" : key.kty === "EC" ? "ES256" : "RS256");
  const signingKey = await importJWK(key, algorithm);
  const base = url.replace(/\/$/, "");

  const sign = (scope: string): Promise<string> =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: algorithm, ...(key.kid !== undefined && { kid: key.kid }) })
      .setAudience(ADMIN_AUDIENCE)
      .setExpirationTime(new Date(now() + TOKEN_SECONDS * 1000))
      .sign(signingKey);

  const call = async (method: string, path: string, scope: string, body?: unknown, signal?: AbortSignal) => {
    const what = `the Worker's admin API (${method} ${base}${path})`;
    const limit = AbortSignal.timeout(timeoutMs);
    const [response, text] = await send(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${await sign(scope)}`, "content-type": "application/json" },
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      redirect: "manual",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
      .then(async (answered) => [answered, await answered.text()] as const)
      .catch((cause: unknown) => {
        throw new PublishError("transient", `${what} cannot be reached: ${reasonOf(cause)}`, { cause });
      });
    const answer: unknown = parseJson(text);
    if (response.ok || response.status === 409) return { status: response.status, answer };
    if (response.status === 401 || response.status === 403) {
      throw new PublishError("fatal", `${what} refuses the key: is its public half in the Worker's ADMIN_KEYS?`);
    }
    if (response.status === 404 || response.status === 501) {
      throw new PublishError(
        "fatal",
        `${what} answers ${response.status}: is it on (ADMIN_HOST or ADMIN_PATH), with a beacon?`,
      );
    }
    if (response.status >= 300 && response.status < 400) {
      throw new PublishError("fatal", `${what} is redirected: does something in front of it ask for a login?`);
    }
    if (response.status === 400) {
      throw new PublishError("fatal", `${what} does not understand the request: is the Worker of another version?`);
    }
    throw new PublishError("transient", `${what} answers ${response.status}`);
  };

  const read = <T>(schema: z.ZodType<T>, answer: unknown, path: string): T => {
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new PublishError("fatal", `${base}${path} does not answer as Sluice's admin API does: is the URL right?`);
  };

  const readHistory = async (): Promise<{ history: HistoryEntry[]; pin: Pin | null }> =>
    read(historySchema, (await call("GET", "/api/history", "read")).answer, "/api/history");

  return {
    async status(signal) {
      const { answer } = await call("GET", "/api/generation", "read", undefined, signal);
      const { pointer, tableVersion } = read(generationSchema, answer, "/api/generation");
      return { generation: pointer?.generation, tableVersion };
    },
    // From the beacon, not from the isolate that happens to answer.
    current: async (): Promise<Pointer | null> => (await readHistory()).history[0]?.pointer ?? null,
    history: async () => (await readHistory()).history,
    pinned: async () => (await readHistory()).pin,
    async advance(request): Promise<AdvanceResult> {
      const { status, answer } = await call("POST", "/api/generation", "publish", request);
      if (status !== 409) return { accepted: true, pointer: read(movedSchema, answer, "/api/generation").pointer };
      const { error: reason, pointer } = read(refusedSchema, answer, "/api/generation");
      return { accepted: false, reason, pointer };
    },
    async claim(atLeast) {
      const { answer } = await call("POST", "/api/epoch", "publish", { atLeast });
      return read(z.object({ epoch: z.number() }), answer, "/api/epoch").epoch;
    },
    async release() {
      await call("DELETE", "/api/pin", "publish");
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ""}`
    : String(error);
