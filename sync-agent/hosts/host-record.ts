import * as z from "zod/mini";

/** What one publisher keeps in KV about hosts, under `hosts/<publisher>`. */
const hostRecordSchema = z.object({
  version: z.literal(1),
  /** The custom domains that this publisher's agents attached: host to the domain's id. */
  owned: z.record(z.string(), z.string()),
  /** Since when hosts of `owned` have been needed by nobody, in milliseconds since 1970. */
  unusedSince: z.record(z.string(), z.number()),
  /** The hosts that this publisher's table needs: others that share the Worker leave them attached. */
  requires: z.array(z.string()),
});
export type HostRecord = z.infer<typeof hostRecordSchema>;

export const emptyRecord = (): HostRecord => ({ version: 1, owned: {}, unusedSince: {}, requires: [] });

export const HOST_RECORDS = "hosts/";

export const hostRecordKey = (publisher: string): string => `${HOST_RECORDS}${publisher}`;

/** Undefined for what is no record: then nothing is known to be owned, and nothing is detached. */
export function parseHostRecord(text: string): HostRecord | undefined {
  try {
    return z.safeParse(hostRecordSchema, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
