/**
 * A Host header as rules compare it: trimmed, without port and IPv6 brackets, in lower case. A dot at its end
 * stays (`HostRegexp` sees it).
 */
export function canonicalHost(authority: string): string {
  const host = authority.trim();
  return withoutPort(host).toLowerCase();
}

function withoutPort(host: string): string {
  if (host.startsWith("[")) {
    const end = host.indexOf("]");
    return end === -1 ? host : host.slice(1, end);
  }
  const colon = host.indexOf(":");
  // More than one colon is a bare IPv6 address.
  return colon === -1 || host.indexOf(":", colon + 1) !== -1 ? host : host.slice(0, colon);
}

/** `example.com.` and `example.com` are one name; rules and requests may write either. */
export function withoutTrailingDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}
