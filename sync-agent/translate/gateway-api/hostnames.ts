/** A DNS name in lower case, its first label possibly `*` (https://gateway-api.sigs.k8s.io/reference/spec/#hostname). */
const HOSTNAME = /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const NUMERIC_END = /(?:^|\.)\d+$/;

/** The hostname in the form in which it is compared, or undefined when it is none; addresses are none. */
export function readHostname(text: string): string | undefined {
  const host = text.toLowerCase();
  return host.length <= 253 && HOSTNAME.test(host) && !NUMERIC_END.test(host) ? host : undefined;
}

/** Every host. */
export const ANY_HOST = "";

const isWildcard = (host: string): boolean => host.startsWith("*.");

/** Whether each host that `inner` takes is one that `outer` takes. `*.x` takes any number of labels, but not `x`. */
export function covers(outer: string, inner: string): boolean {
  if (outer === ANY_HOST || outer === inner) return true;
  return inner !== ANY_HOST && isWildcard(outer) && inner.endsWith(outer.slice(1));
}

/** The hosts that both take; undefined when there is none. */
export function intersectHostnames(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

/**
 * Greater for the host that goes first: names before wildcards, the longer before the shorter, any host last. Below
 * 512.
 */
export function hostRank(host: string): number {
  if (host === ANY_HOST) return 0;
  return isWildcard(host) ? host.length : 256 + host.length;
}
