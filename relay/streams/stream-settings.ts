/** How connections and datagrams are taken. Times in milliseconds. */
export interface StreamSettings {
  /** Open connections of one entry point; those beyond are reset. */
  maxConnections: number;
  /** UDP sessions of one entry point; the one idle for longest gives way. */
  maxSessions: number;
  /** Beside TLS routes: how long a client may be silent before it is taken for one whose server speaks first. */
  serverFirstWaitMs: number;
  /** For a ClientHello, or a PROXY header, to be complete. */
  helloTimeoutMs: number;
  handshakeTimeoutMs: number;
  /** How long a connection goes on after its endpoint has left the table; undefined: for as long as it likes. */
  lingerMs: number | undefined;
  /** Whether other processes listen at the same ports. */
  sharesPorts: boolean;
}

export const defaultStreamSettings: StreamSettings = {
  maxConnections: 20_000,
  maxSessions: 10_000,
  serverFirstWaitMs: 500,
  helloTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  lingerMs: undefined,
  sharesPorts: false,
};
