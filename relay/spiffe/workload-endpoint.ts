import { isIP, type NetConnectOpts } from "node:net";

/**
 * Where the Workload API is served: `unix:///run/spire/sockets/agent.sock` or `tcp://127.0.0.1:8000`
 * (https://spiffe.io/docs/latest/spiffe-specs/spiffe_workload_endpoint/, section 4). Undefined for anything else.
 */
export function parseWorkloadEndpoint(text: string): NetConnectOpts | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, hostname, port, pathname, username, password, search, hash } = new URL(text);
  if (username !== "" || password !== "" || search !== "" || hash !== "") return undefined;
  if (protocol === "unix:") {
    const isPath = host === "" && pathname.startsWith("/") && pathname !== "/" && !/%(?![0-9a-f]{2})/i.test(pathname);
    return isPath ? { path: decodeURI(pathname) } : undefined;
  }
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol !== "tcp:" || isIP(address) === 0 || port === "" || port === "0") return undefined;
  return pathname === "" || pathname === "/" ? { host: address, port: Number(port) } : undefined;
}
