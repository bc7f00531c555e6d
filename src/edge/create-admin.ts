import { waitUntil } from "cloudflare:workers";
import type { JSONWebKeySet } from "jose";
import { createAdminApp } from "../admin/admin-app.ts";
import type { AdminPlace } from "../admin/is-admin-request.ts";
import { type ReadKeys, readTable } from "../admin/read-table.ts";
import { createAdminVerifier, type VerifyAdminToken } from "../admin/verify-admin-token.ts";
import { claimRequestSchema } from "../beacon/beacon-state.ts";
import type { Env } from "../env.ts";
import type { Counters } from "../observe/counters.ts";
import type { Report } from "../observe/report.ts";
import { leafKeys, rootKey } from "../snapshot/leaf-keys.ts";
import type { SnapshotReader } from "../snapshot/snapshot-reader.ts";
import { TABLE_VERSION } from "../table/table-version.ts";
import { advanceThroughBeacon } from "./advance-through-beacon.ts";
import type { BeaconCalls } from "./find-beacon.ts";
import { parseSetting } from "./parse-setting.ts";
import type { PointerWatch } from "./pointer-watch.ts";

/** The admin API of an isolate, and the requests that are for it. */
export interface Admin {
  place: AdminPlace;
  app: ReturnType<typeof createAdminApp>;
}

/** The parts of an isolate that the admin API tells of. */
interface AdminParts {
  env: Env;
  reader: Pick<SnapshotReader<unknown>, "pointer" | "status">;
  watch: PointerWatch;
  counters: Counters;
  read: ReadKeys;
  beacon: BeaconCalls | undefined;
  report: Report;
}

/** @returns undefined where no place or no keys are configured, or keys that are none: the admin API is off */
export function createAdmin(parts: AdminParts): Admin | undefined {
  const { env, reader, watch, counters, read, beacon } = parts;
  // Below an empty path, or `/`, would be everything.
  const path = env.ADMIN_PATH?.replace(/\/+$/, "") || undefined;
  const host = env.ADMIN_HOST || undefined;
  const verify = host === undefined && path === undefined ? undefined : createVerifier(parts);
  if (verify === undefined) return undefined;
  const app = createAdminApp({
    basePath: path ?? "",
    verify,
    async status() {
      await watch.refresh(waitUntil);
      return { ...reader.status(), tableVersion: TABLE_VERSION, counters: counters.read() };
    },
    async readTable() {
      const root = reader.pointer?.root;
      return root === undefined ? undefined : readTable(rootKey(root), read, leafKeys);
    },
    beacon: beacon && {
      ...beacon,
      async advance(request) {
        const answer = await advanceThroughBeacon(beacon, request);
        if (answer.outcome === "accepted") await watch.learn(answer.pointer);
        return answer;
      },
      async claim(request) {
        const parsed = claimRequestSchema.safeParse(request);
        return parsed.success ? beacon.claim(parsed.data.atLeast) : undefined;
      },
    },
  });
  return { place: { host, path }, app };
}

function createVerifier({ env, report }: Pick<AdminParts, "env" | "report">): VerifyAdminToken | undefined {
  const keys = parseSetting<JSONWebKeySet>(env, "ADMIN_KEYS", report);
  try {
    return keys && createAdminVerifier(keys, Date.now);
  } catch (error) {
    report({ event: "setting-unreadable", setting: "ADMIN_KEYS", reason: String(error) });
    return undefined;
  }
}
