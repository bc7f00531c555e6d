import { isIP } from "node:net";
import { UsageError } from "./outcome.ts";

/** All values of an option that can be given more than once: `-H v`, `-Hv`, `--header v`, `--header=v`. */
export function repeated(args: readonly string[], names: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    for (const name of names) {
      if (arg === name) return [args[index + 1] ?? ""];
      const prefix = name.startsWith("--") ? `${name}=` : name;
      if (arg.startsWith(prefix) && (name.startsWith("--") || !arg.startsWith("--"))) return [arg.slice(prefix.length)];
    }
    return [];
  });
}

/** @throws UsageError for what is not `name: value` with a name and value that headers can have */
export function readHeaders(lines: readonly string[]): (readonly [name: string, value: string])[] {
  return lines.map((line) => {
    const colon = line.indexOf(":");
    const header = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    if (colon < 1 || !isHeader(header)) throw new UsageError(`-H "${line}" must have the form -H "name: value"`);
    return header;
  });
}

function isHeader([name, value]: readonly [string, string]): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/**
 * A URL with a scheme: plain HTTP where none is written, as curl has it. The path stays as it was typed.
 *
 * @throws UsageError for what is not a URL of HTTP
 */
export function readUrl(text: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const scheme = /^https?(?=:)/i.exec(url)?.[0];
  if (scheme === undefined || !URL.canParse(url)) {
    throw new UsageError(`${text} is not a URL such as https://app.example.com/api`);
  }
  const [withoutFragment = url] = url.split("#", 1);
  return scheme.toLowerCase() + withoutFragment.slice(scheme.length).replace(/^:\/\/[^/?@]*@/, "://");
}

/**
 * The parts of `tcp://host:port`, `tls://name:port` or `udp://host:port`; undefined for a URL of another scheme.
 *
 * @throws UsageError for one of these without a port
 */
export function readStreamUrl(
  text: string,
): { protocol: "tcp" | "tls" | "udp"; name: string; port: number } | undefined {
  const [, scheme] = /^(tcp|tls|udp):\/\//i.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  const [, host = "", digits = ""] = /^[a-z]+:\/\/(\[[0-9a-f:.]+\]|[^/:@]*):(\d{1,5})\/?$/i.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535)
    throw new UsageError(`${text} names no port, as ${scheme}://db.example.com:27017 does`);
  const protocol = scheme.toLowerCase() as "tcp" | "tls" | "udp";
  return { protocol, name: isIP(host) === 0 ? host.toLowerCase() : "", port };
}

/** @throws UsageError for what is not a method, or one that no Worker is sent (CONNECT, TRACE) */
export function readMethod(method: string): string {
  try {
    new Request("http://gateway.internal/", { method });
    return method;
  } catch {
    throw new UsageError(`${method} is not a method that can be sent`);
  }
}

/** @throws UsageError for what is not an IP address */
export function readClient(address: string): string {
  if (isIP(address) === 0) throw new UsageError(`--client ${address} is not an IP address`);
  return address;
}
