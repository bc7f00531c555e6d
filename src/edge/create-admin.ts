import { waitUntil } from "cloudflare:workers";
import type { JSONWebKeySet } from "jose";
import { createAdminApp } from "../admin/admin-app.ts";
import type { AdminPlace } from "../admin/is-admin-request.ts";
import { type ReadKeys, readTable } from "../admin/read-table.ts";
import { createAdminVerifier } from "../admin/verify-admin-token.ts";
import { claimRequestSchema } from "../beacon/beacon-state.ts";
import type { Env } from "../env.ts";
import type { Counters } from "../observe/counters.ts";
import { leafKeys, rootKey } from "../snapshot/leaf-keys.ts";
import type { SnapshotReader } from "../snapshot/snapshot-reader.ts";
import { TABLE_VERSION } from "../table/table-version.ts";
import { advanceThroughBeacon } from "./advance-through-beacon.ts";
import type { BeaconCalls } from "./find-beacon.ts";
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
}

/** @returns undefined where no place or no keys are configured: the admin API is off */
export function createAdmin({ env, reader, watch, counters, read, beacon }: AdminParts): Admin | undefined {
  if (env.ADMIN_KEYS === undefined || (env.ADMIN_HOST === undefined && env.ADMIN_PATH === undefined)) return undefined;
  const app = createAdminApp({
    basePath: env.ADMIN_PATH ?? "",
    verify: createAdminVerifier(JSON.parse(env.ADMIN_KEYS) as JSONWebKeySet, Date.now),
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
  return { place: { host: env.ADMIN_HOST, path: env.ADMIN_PATH }, app };
}
