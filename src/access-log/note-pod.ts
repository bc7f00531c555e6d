import type { AccessRecord } from "./access-record.ts";

/** Notes what `POD_HEADER` says; the address is `-` when no Pod answered. */
export function notePod(record: AccessRecord, value: string): void {
  const [address = "", retries] = value.split(" ");
  record.pod = address === "-" ? undefined : address;
  record.retries += Number(retries) || 0;
}
