import type { Beacon } from "./beacon/beacon.ts";
import type { ClientAddressSource } from "./edge/find-client.ts";
import type { RateLimiter } from "./rate-limit/rate-limiter.ts";

/** The Worker's bindings and variables. `wrangler.toml` names the same for production, `sluice dev` for a laptop. */
export interface Env {
  /** The snapshot tree. */
  TABLE: KVNamespace;
  /** The pointer's only writer. Without it a KV key serves as pointer: slower, and unfenced. */
  BEACON?: DurableObjectNamespace<Beacon>;
  /** Counts for `rateLimit` over all isolates. Without it each counts by itself. */
  RATE_LIMITER?: DurableObjectNamespace<RateLimiter>;
  /** The origin gateway: a VPC Service in production. Without it only `direct` services answer. */
  ORIGIN?: Fetcher;
  /** The publisher whose table is served (a cluster's name). */
  PUBLISHER: string;
  /** Private Ed25519 key (JWK with `kid`, as JSON) that signs hop tokens. A secret. */
  HOP_KEY?: string;
  /** Opens what routes need of Secrets: 32 bytes in base64, or several with commas between. A secret. */
  SEAL_KEY?: string;
  /** `1` on a laptop: every change is waited for, so that an edit shows in the next request. */
  DEV?: string;
  /** Unset in production; `sluice dev` sets it. */
  CLIENT_ADDRESS?: NonNullable<ClientAddressSource>;
  /** Entry points by scheme and port, where ports alone do not tell: `{"https:443": "websecure"}` as JSON. */
  ENTRY_POINTS?: string;
  /** The admin API answers only on this host, or below this path. Neither set: it is off. */
  ADMIN_HOST?: string;
  ADMIN_PATH?: string;
  /** Public keys that verify admin tokens: a JSON Web Key Set as JSON. */
  ADMIN_KEYS?: string;
}
