const UDP_KINDS: ReadonlySet<string> = new Set(["IngressRouteUDP", "UDPRoute"]);

/** Whether an object's entry points and ports are of UDP. */
export const isUdpKind = (kind: string): boolean => UDP_KINDS.has(kind);
