/**
 * The format of the table and of its snapshot in KV. A program that meets a newer one keeps its last good table.
 *
 * It is raised for a field that entries must have, and for what the agent writes of manifests that it has read before: an
 * older Worker or relay closes each entry in which it meets something unknown (`close-unread.ts`). What only new manifests
 * say needs no raise.
 */
export const TABLE_VERSION = 1;
