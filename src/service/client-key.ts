import { readCookie } from "../cookie/read-cookie.ts";
import type { ClientKey } from "../table/service.ts";

/** What tells a client apart from others. */
export interface KeyedClient {
  address: string;
  /** A header's value by its lower-case name. */
  header(name: string): string | null | undefined;
}

/** What a client is told apart by; its address when it does not say what it is asked for. */
export function clientKeyOf(by: ClientKey | undefined, { address, header }: KeyedClient): string {
  switch (by?.type) {
    case "header":
      return header(by.name) || address;
    case "cookie":
      return readCookie(header("cookie") ?? null, by.name) || address;
    default:
      return address;
  }
}
