import type { Table } from "./table.ts";

export const emptyTable = (): Table => ({
  entryPoints: {},
  routers: [],
  services: {},
  middlewares: {},
  endpoints: {},
  serversTransports: {},
  relayEntryPoints: {},
  relayEndpoints: {},
  tcpRouters: [],
  tcpServices: {},
  tcpMiddlewares: {},
  udpRouters: [],
  udpServices: {},
  tlsOptions: {},
  certificates: {},
});
