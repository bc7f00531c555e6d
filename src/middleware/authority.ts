import { invalid } from "./middleware-error.ts";

/** A Host in its parts. */
export interface Authority {
  /** With its brackets, where it is an IPv6 address. */
  name: string;
  /** Digits; empty when there is none. */
  port: string;
}

/** A registered name or an address (RFC 3986, section 3.2.2), without user information. */
const AUTHORITY = /^(\[[0-9A-Za-z.:%]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::(\d{0,5}))?$/;

/** Undefined for what is not a host and port: put into a URL, it could name another host than it seems to. */
export function splitAuthority(authority: string): Authority | undefined {
  const [, name, port = ""] = AUTHORITY.exec(authority) ?? [];
  return name === undefined ? undefined : { name, port };
}

/** Throws `MiddlewareError` when an option is not a host, with or without a port. */
export function checkAuthority(authority: string): void {
  if (splitAuthority(authority) === undefined) throw invalid(`${JSON.stringify(authority)} is not a host`);
}

const wellKnownPorts: Readonly<Record<string, string>> = { http: "80", https: "443" };

/** `:8080`, or empty for no port and for the scheme's well-known one (RFC 9110, section 4.2). */
export const portSuffix = (scheme: string, port: string): string =>
  port === "" || port === wellKnownPorts[scheme] ? "" : `:${port}`;
