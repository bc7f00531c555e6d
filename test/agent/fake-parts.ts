import { emptyTable } from "../../src/table/empty-table.ts";
import type { Pointer } from "../../src/table/snapshot.ts";
import type { Table } from "../../src/table/table.ts";
import type { AgentParts, PublishOutcome, TablePublisher } from "../../sync-agent/agent/agent-parts.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { createObjectStore } from "../../sync-agent/source/memory-store.ts";
import type { ObjectSource } from "../../sync-agent/source/object-source.ts";
import { defaultSettings } from "../../sync-agent/translate/settings.ts";
import { createTranslator } from "../../sync-agent/translate/translate.ts";

/** An Ingress to a Service with one Pod: its route is there whatever else there is. */
export const ingress = (host: string): KubernetesObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: host, namespace: "default" },
  spec: {
    rules: [
      {
        host,
        http: {
          paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "app", port: { number: 80 } } } }],
        },
      },
    ],
  },
});

export const service = (): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "app", namespace: "default" },
  // Without an address of its own, so that nothing is dialled that no test has started.
  spec: { clusterIP: "None", ports: [{ name: "http", port: 80 }] },
});

export const slice = (...addresses: string[]): KubernetesObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "app-1", namespace: "default", labels: { "kubernetes.io/service-name": "app" } },
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
});

/** A source whose objects a test changes. */
export class FakeSource implements ObjectSource {
  readonly objects = createObjectStore();
  readonly synced: Promise<void>;
  sync: () => void = () => {};
  isClosed = false;
  #listeners: ((change: { urgent: boolean }) => void)[] = [];

  constructor() {
    this.synced = new Promise((resolve) => {
      this.sync = resolve;
    });
  }

  put(...objects: KubernetesObject[]): void {
    for (const object of objects) this.objects.put(object);
    this.tell(false);
  }

  tell(urgent: boolean): void {
    for (const listener of this.#listeners) listener({ urgent });
  }

  status() {
    return [];
  }

  problems() {
    return [];
  }

  onChange(listener: (change: { urgent: boolean }) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

interface Publish {
  table: Table;
  epoch: number;
  signal: AbortSignal;
  resolve(outcome: PublishOutcome): void;
  reject(error: unknown): void;
}

export class FatalError extends Error {}

/** A publisher whose answers a test gives; by itself it publishes everything. */
class FakePublisher implements TablePublisher {
  readonly publishes: Publish[] = [];
  readonly claims: number[] = [];
  /** Leaves publishes open for the test to end. */
  isManual = false;
  claimWith: (atLeast: number) => Promise<number> = async (atLeast) => Math.max(this.lastEpoch, atLeast) + 1;
  lastEpoch = 0;
  current: Pointer | null = null;
  isClosed = false;

  async claim(atLeast: number): Promise<number> {
    this.claims.push(atLeast);
    this.lastEpoch = await this.claimWith(atLeast);
    return this.lastEpoch;
  }

  publish(table: Table, { epoch, signal }: { epoch: number; signal: AbortSignal }): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => {
      this.publishes.push({ table, epoch, signal, resolve, reject });
      if (!this.isManual) resolve(this.accept(epoch));
    });
  }

  accept(epoch: number): PublishOutcome {
    const generation = (this.current?.generation ?? 0) + 1;
    this.current = { publisher: "test", epoch, generation, root: `root${generation}`.padEnd(16, "0") };
    return { status: "published", pointer: this.current, problems: [] };
  }

  async pointer(): Promise<Pointer | null> {
    return this.current;
  }

  isFatal(error: unknown): boolean {
    return error instanceof FatalError;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  get last(): Publish {
    const last = this.publishes.at(-1);
    if (last === undefined) throw new Error("nothing was published");
    return last;
  }
}

export interface LogLine {
  level: string;
  message: string;
  fields: object;
}

/** Parts in memory; what they are told is kept for the test to look at. */
export function fakeParts() {
  const source = new FakeSource();
  const publisher = new FakePublisher();
  const fed: { pointer: Pointer | null; table: Table }[] = [];
  const accepted: number[] = [];
  const lines: LogLine[] = [];
  const attempts: string[] = [];
  const order: string[] = [];
  let events: { onStarted(lead: { transitions: number }): void; onLost(): void } | undefined;
  const lease = {
    holds: false,
    isHolder: true as boolean | Error,
    lead(transitions = 0): void {
      lease.holds = true;
      events?.onStarted({ transitions });
    },
    lose(): void {
      lease.holds = false;
      events?.onLost();
    },
    start(given: NonNullable<typeof events>): void {
      events = given;
    },
    isLeader: () => lease.holds,
    async confirm(): Promise<boolean> {
      if (lease.isHolder instanceof Error) throw lease.isHolder;
      return lease.isHolder;
    },
    async release(): Promise<void> {
      order.push("lease");
      lease.holds = false;
    },
  };
  const log = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  const parts = {
    source,
    translator: createTranslator(defaultSettings()),
    feed: {
      publish: (state) => void fed.push(state),
      close: async () => void order.push("feed"),
    },
    publisher,
    lease,
    statuses: {
      translated: () => ({ accepted: (generation: number) => void accepted.push(generation) }),
      leads: () => {},
      close: async () => {},
    },
    hosts: {
      update: ({ mayDetach }) => void order.push(mayDetach ? "hosts of published" : "hosts in doubt"),
      problems: () => [],
      onChange: () => {},
      close: async () => {},
    },
    meter: {
      translated: () => {},
      attempted: ({ outcome }) => void attempts.push(outcome),
      confirmed: () => {},
      pointed: () => {},
      leads: () => {},
    },
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
  } satisfies AgentParts;
  return { parts, source, publisher, lease, fed, accepted, lines, attempts, order };
}

export const hostsOf = (table: Table = emptyTable()): string[] =>
  table.routers.map(({ ruleText }) => /`([^`]+)`/.exec(ruleText)?.[1] ?? "").sort();
