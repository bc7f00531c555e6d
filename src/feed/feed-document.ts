import * as z from "zod/mini";
import { pointerSchema } from "../table/snapshot.ts";
import { tableSchema } from "../table/table.ts";
import { tableChangesSchema } from "../table/table-changes.ts";
import { TABLE_VERSION } from "../table/table-version.ts";

/**
 * The feed: what an agent tells relays, one JSON document a line. It begins with `full`, with the `changes` since the
 * table that the relay asked to go on from, or with `pointer` when that table still is the newest.
 */

/** The format of the documents. A relay that meets a newer one keeps its last good table. */
export const FEED_VERSION = TABLE_VERSION;

export const FEED_PATH = "/v1/table";
export const FEED_CONTENT_TYPE = "application/x-ndjson";

/** Digest of the table (`table-digest.ts`), which a relay compares with its own. */
const id = z.string();
/** The last pointer that the beacon is known to have accepted. */
const pointer = z.nullable(pointerSchema);
/** Up to when the agent knows of every change in the cluster, in milliseconds since 1970. */
const freshAt = z.number();

const fullSchema = z.strictObject({
  type: z.literal("full"),
  version: z.number(),
  id,
  pointer,
  freshAt,
  table: tableSchema,
});

export const feedDocumentSchema = z.discriminatedUnion("type", [
  fullSchema,
  z.strictObject({ type: z.literal("changes"), from: id, id, pointer, freshAt, changes: tableChangesSchema }),
  z.strictObject({ type: z.literal("pointer"), id, pointer, freshAt }),
  z.strictObject({ type: z.literal("heartbeat"), freshAt }),
]);
export type FeedDocument = z.infer<typeof feedDocumentSchema>;

/** What a relay works from, and goes on from. */
export interface FeedState {
  id: string;
  pointer: z.infer<typeof pointer>;
  freshAt: number;
  table: z.infer<typeof tableSchema>;
}
