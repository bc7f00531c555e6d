import type { Endpoints, ServersTransport } from "../../src/table/service.ts";
import type { TcpMiddleware, TcpRouter, TcpService, UdpRouter, UdpService } from "../../src/table/tcp.ts";
import type { Certificate, TlsOptions } from "../../src/table/tls.ts";

/** The part of the table by which connections and datagrams are carried. Never changed in place. */
export interface StreamTable {
  tcpRouters: readonly TcpRouter[];
  tcpServices: Readonly<Record<string, TcpService>>;
  tcpMiddlewares: Readonly<Record<string, TcpMiddleware>>;
  udpRouters: readonly UdpRouter[];
  udpServices: Readonly<Record<string, UdpService>>;
  endpoints: Readonly<Record<string, Endpoints>>;
  serversTransports: Readonly<Record<string, ServersTransport>>;
  tlsOptions: Readonly<Record<string, TlsOptions>>;
  /** By the name of the Secret that each comes from. */
  certificates: Readonly<Record<string, Certificate>>;
}

export const emptyStreamTable = (): StreamTable => ({
  tcpRouters: [],
  tcpServices: {},
  tcpMiddlewares: {},
  udpRouters: [],
  udpServices: {},
  endpoints: {},
  serversTransports: {},
  tlsOptions: {},
  certificates: {},
});
