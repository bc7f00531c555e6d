import * as z from "zod";
import type { StoredKey } from "../../src/snapshot/garbage.ts";

const metadataSchema = z.object({ owner: z.string(), writtenAt: z.number() });

/** A key of KV with the owner and the time that its metadata tell; without them it is nobody's to delete. */
export function toStoredKey(key: string, metadata: unknown): StoredKey {
  const parsed = metadataSchema.safeParse(metadata);
  return { key, owner: parsed.data?.owner, writtenAt: parsed.data?.writtenAt };
}
