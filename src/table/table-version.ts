/** The format of the table and of its snapshot in KV. A Worker that meets a newer one keeps its last good table. */
export const TABLE_VERSION = 1;
