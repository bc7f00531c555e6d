import type { MetricRegistry } from "../../operations/metric-registry.ts";
import type { Table } from "../../src/table/table.ts";
import type { MetricName } from "../operations/metric-definitions.ts";
import type { WorkerAdmin } from "../status/served-generation.ts";
import type { HostWatch, Log, TablePublisher } from "./agent-parts.ts";
import type { AgentSettings } from "./agent-settings.ts";

/** What is Cloudflare's: KV and the beacon, the Worker that answers for them, and its hosts. */
interface Publishing {
  publisher: TablePublisher;
  /** What publishing a table would change, as lines of text. */
  describe(table: Table): Promise<string>;
  hosts: HostWatch;
  /** Undefined without an admin API. */
  admin: WorkerAdmin | undefined;
}

export type OpenPublishing = (
  settings: AgentSettings,
  context: { registry: MetricRegistry<MetricName>; log: Log; isLeader: () => boolean },
) => Promise<Publishing>;
