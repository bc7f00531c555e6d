import type { Table } from "../../src/table/table.ts";

/** The part of the table by which connections and datagrams are carried. Never changed in place. */
export type StreamTable = Readonly<
  Pick<
    Table,
    | "relayEntryPoints"
    | "relayEndpoints"
    | "tcpRouters"
    | "tcpServices"
    | "tcpMiddlewares"
    | "udpRouters"
    | "udpServices"
    | "serversTransports"
    | "tlsOptions"
    | "certificates"
  >
>;
