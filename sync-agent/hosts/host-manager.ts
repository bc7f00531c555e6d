import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";
import { hostProblems } from "./host-problems.ts";
import { emptyRecord, HOST_RECORDS, type HostRecord, hostRecordKey, parseHostRecord } from "./host-record.ts";
import { type HostRecordStore, type HostsApi, HostsApiError } from "./hosts-api.ts";
import { type HostState, type HostsPlan, MOST_CHANGES, type PlannedHost, planHosts } from "./plan-hosts.ts";
import { type RequiredHost, type RoutedTable, requiredHosts } from "./required-hosts.ts";

export interface HostManagerOptions {
  api: HostsApi;
  records: HostRecordStore;
  publisher: string;
  /** The name of the Worker. */
  worker: string;
  /** Attach what is missing and detach what is not used any more (`--manage-hosts`). */
  manage: boolean;
  isLeader(): boolean;
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  now(): number;
  /** Rejects when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Called when the problems or the counts have changed. */
  onReport?(report: HostReport): void;
}

/** How the hosts that the table needs stand. */
export interface HostReport {
  counts: Readonly<Record<HostState | "unused", number>>;
  problems: readonly Problem[];
}

interface HostUpdate {
  /** The table that was published last. */
  table: RoutedTable;
  /** For the objects of problems. */
  objects: ObjectReader;
  /** False while the table is in doubt: a guard refused one, the pointer is pinned. */
  mayDetach: boolean;
}

export interface HostManager {
  /** To be told of each table that was published, and of each that was refused. */
  update(update: HostUpdate): void;
  report(): HostReport;
  close(): Promise<void>;
}

/** At least so much time between two steps: each lists domains, zones and routes. */
const PAUSE_MS = 15_000;
/** Without any change: what people do in the dashboard shows after this time. */
const TICK_MS = 5 * 60_000;
/** KV takes one write a second for a key; and nobody attaches hosts in a hurry. */
const CHANGE_PAUSE_MS = 1_100;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 60 * 60_000;

interface Failure {
  reason: string;
  times: number;
  retryAt: number;
}

/** Keeps an eye on whether Cloudflare sends the hosts of the table to the Worker, and sees to it when it may. */
export function createHostManager(options: HostManagerOptions): HostManager {
  const manager = new Manager(options);
  const working = manager.work();
  return {
    update: (update) => manager.update(update),
    report: () => manager.report,
    async close() {
      manager.close();
      await working;
    },
  };
}

const noCounts = (): Record<HostState | "unused", number> => ({
  attached: 0,
  routed: 0,
  missing: 0,
  taken: 0,
  "no-zone": 0,
  unknown: 0,
  unused: 0,
});

class Manager {
  report: HostReport = { counts: noCounts(), problems: [] };
  private readonly options: HostManagerOptions;
  private readonly closing = new AbortController();
  private readonly failures = new Map<string, Failure>();
  /** What this process attached: KV may not show it yet. */
  private readonly attachedHere = new Map<string, string>();
  private latest: HostUpdate | undefined;
  private isDue = false;
  private wake: (() => void) | undefined;
  private lastComplaint = "";
  /** What the last step that went well was about. */
  private lookedAt = "";

  constructor(options: HostManagerOptions) {
    this.options = options;
  }

  update(update: HostUpdate): void {
    this.latest = update;
    this.isDue = true;
    this.wake?.();
  }

  close(): void {
    this.closing.abort();
  }

  async work(): Promise<void> {
    const { signal } = this.closing;
    const { sleep } = this.options;
    for (let failed = 0; !signal.aborted; ) {
      await this.untilDue(failed > 0 ? Math.min(FIRST_RETRY_MS * 2 ** failed, LONGEST_RETRY_MS) : TICK_MS);
      const isCalled = this.isDue;
      this.isDue = false;
      if (signal.aborted || this.latest === undefined || !this.options.isLeader()) continue;
      const required = requiredHosts(this.latest.table);
      const about = JSON.stringify([this.latest.mayDetach, required.map(({ host, paths }) => [host, paths])]);
      try {
        // Most tables differ from the one before in endpoints only: there is nothing new to find.
        const isNews = !isCalled || about !== this.lookedAt;
        const isDone = !isNews || (await this.step(this.latest, required, signal));
        this.lookedAt = isDone ? about : "";
        this.isDue ||= !isDone;
        failed = 0;
        this.lastComplaint = "";
      } catch (error) {
        failed = Math.min(failed + 1, 6);
        if (!signal.aborted) this.complain(error);
      }
      await sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  }

  private async untilDue(longestMs: number): Promise<void> {
    if (this.isDue) return;
    const waking = new AbortController();
    this.wake = () => waking.abort();
    await this.options.sleep(longestMs, AbortSignal.any([this.closing.signal, waking.signal])).catch(() => undefined);
    this.wake = undefined;
  }

  /** @returns whether all is as it should be; false when there is more to change than goes into one step */
  private async step(
    { objects, mayDetach }: HostUpdate,
    required: readonly RequiredHost[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { api, manage, worker, now, isLeader } = this.options;
    const attached = await api.attached(
      required.map(({ host }) => host),
      signal,
    );
    const kept = manage ? await this.readRecord(signal) : emptyRecord();
    const record = { ...kept, owned: { ...kept.owned, ...Object.fromEntries(this.attachedHere) } };
    const postponed = this.postponed(required);
    const input = { required, attached, worker, record, postponed, manage, mayDetach, now: now() };
    let plan = planHosts({ ...input, neededByOthers: new Set() });
    if (plan.unused.length > 0) {
      plan = planHosts({ ...input, neededByOthers: await this.neededByOthers(signal) });
    }
    this.tell(plan, plan.hosts, objects);
    if (!manage || !isLeader()) return true;
    const hosts = await this.change(plan, kept, signal);
    this.tell(plan, hosts, objects);
    return plan.attach.length < MOST_CHANGES && plan.detach.length < MOST_CHANGES;
  }

  /** @returns the hosts as they are afterwards */
  private async change(plan: HostsPlan, kept: HostRecord, signal: AbortSignal): Promise<PlannedHost[]> {
    const { api, isLeader, log, sleep } = this.options;
    const record: HostRecord = { ...plan.record, owned: { ...plan.record.owned } };
    // Others must see that a host is needed before it can matter to them; and where KV fails nothing is attached.
    let written = JSON.stringify(kept);
    const save = async (): Promise<void> => {
      const text = JSON.stringify(record);
      if (text === written) return;
      await this.options.records.put(hostRecordKey(this.options.publisher), text, signal);
      written = text;
      await sleep(CHANGE_PAUSE_MS, signal);
    };
    await save();
    const done = new Set<string>();
    for (const host of plan.attach) {
      if (!isLeader()) break;
      try {
        const id = await api.attach(host, signal);
        this.failures.delete(host);
        this.attachedHere.set(host, id);
        record.owned[host] = id;
        done.add(host);
        log.info({ host }, "attached a host to the Worker");
        await save();
      } catch (error) {
        if (!(error instanceof HostsApiError && error.code === "refused")) throw error;
        this.fail(host, error.message);
      }
    }
    for (const { host, id } of plan.detach) {
      if (!isLeader()) break;
      await api.detach(id, signal);
      this.attachedHere.delete(host);
      delete record.owned[host];
      delete record.unusedSince[host];
      log.info({ host }, "detached a host that nothing needs any more");
      await save();
    }
    return plan.hosts.map((one) => (done.has(one.required.host) ? { ...one, state: "attached" } : one));
  }

  private async readRecord(signal: AbortSignal): Promise<HostRecord> {
    const { records, publisher } = this.options;
    const text = await records.get(hostRecordKey(publisher), signal);
    return (text === undefined ? undefined : parseHostRecord(text)) ?? emptyRecord();
  }

  private async neededByOthers(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { records, publisher } = this.options;
    const needed = new Set<string>();
    for (const key of await records.list(HOST_RECORDS, signal)) {
      if (key === hostRecordKey(publisher)) continue;
      const text = await records.get(key, signal);
      const record = text === undefined ? undefined : parseHostRecord(text);
      if (text !== undefined && record === undefined) throw new HostsApiError("transient", `\`${key}\` is no record`);
      for (const host of record?.requires ?? []) needed.add(host);
    }
    return needed;
  }

  private postponed(required: readonly RequiredHost[]): ReadonlySet<string> {
    const needed = new Set(required.map(({ host }) => host));
    const postponed = new Set<string>();
    for (const [host, { retryAt }] of this.failures) {
      if (!needed.has(host)) this.failures.delete(host);
      else if (retryAt > this.options.now()) postponed.add(host);
    }
    return postponed;
  }

  private fail(host: string, reason: string): void {
    const times = (this.failures.get(host)?.times ?? 0) + 1;
    if (times === 1) this.options.log.warn({ host, reason }, "a host could not be attached to the Worker");
    const retryAt = this.options.now() + Math.min(FIRST_RETRY_MS * 2 ** times, LONGEST_RETRY_MS);
    this.failures.set(host, { reason, times, retryAt });
  }

  private tell(plan: HostsPlan, hosts: readonly PlannedHost[], objects: ObjectReader): void {
    const counts = noCounts();
    for (const { state } of hosts) counts[state] += 1;
    counts.unused = plan.unused.length;
    const reasons = new Map([...this.failures].map(([host, { reason }]) => [host, reason]));
    const report = { counts, problems: hostProblems(hosts, objects, reasons) };
    const isNews = JSON.stringify(report) !== JSON.stringify(this.report);
    this.report = report;
    if (isNews) this.options.onReport?.(report);
  }

  private complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.lastComplaint) return;
    this.lastComplaint = reason;
    const isForbidden = error instanceof HostsApiError && error.code === "forbidden";
    const message = isForbidden
      ? "the API token may not manage hosts: it needs Workers Scripts (edit), and of the zones Zone (read) and Workers Routes (read)"
      : "the hosts of the Worker could not be looked at; they are left as they are";
    this.options.log.warn({ reason }, message);
  }
}
