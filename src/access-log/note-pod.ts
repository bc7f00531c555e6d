import type { AccessRecord } from "./access-record.ts";

/** Notes what `POD_HEADER` says. */
export function notePod(record: AccessRecord, value: string): void {
  const [address = "", retries] = value.split(" ");
  record.pod = address;
  record.retries += Number(retries) || 0;
}
