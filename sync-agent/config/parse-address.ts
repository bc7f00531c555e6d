export interface EntryPointAddress {
  /** Empty: every address of the machine. */
  host: string;
  port: number;
  protocol: "tcp" | "udp";
}

/**
 * An entry point's address as Traefik writes it: `[host]:port[/tcp|/udp]`, IPv6 hosts in brackets.
 *
 * @returns undefined when it has another form
 */
export function parseAddress(text: string): EntryPointAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]*)):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: match[1] ?? match[2] ?? "", port, protocol: match[4] === "udp" ? "udp" : "tcp" };
}
