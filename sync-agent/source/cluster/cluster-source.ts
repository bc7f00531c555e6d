import type { Problem } from "../../translate/problem.ts";
import { kindChoices } from "../known-kinds.ts";
import type { Kind, KubernetesObject } from "../kubernetes-object.ts";
import { createObjectStore, type ObjectStore } from "../memory-store.ts";
import type { KindStatus, ObjectSource } from "../object-source.ts";
import type { ApiClient } from "./api-client.ts";
import { type Clock, type ClusterTimes, clusterTimes, systemClock } from "./cluster-times.ts";
import { ConfigMapNames } from "./config-map-names.ts";
import { type Discovery, discover } from "./discover.ts";
import { FollowedKind } from "./followed-kind.ts";
import { hasLostEndpoint } from "./lost-endpoint.ts";
import { type CacheChange, objectKey } from "./object-cache.ts";

export interface ClusterSourceOptions {
  /** Stays open when the source closes: others use it too. */
  client: ApiClient;
  /**
   * Only what lies in these is read, each by itself, so that a Role in each suffices. What lies in no namespace
   * (GatewayClasses, IngressClasses, Namespaces) is read if that is allowed. Empty or undefined: all.
   */
  namespaces?: readonly string[] | undefined;
  clock?: Clock;
  times?: Partial<ClusterTimes>;
}

/** A kind must be absent in so many looks in a row, unless its own path is gone as well: a starting server forgets kinds. */
const ABSENCES = 2;
/** Between looks that 404s ask for. */
const SHORTEST_LOOK_MS = 1_000;

/**
 * Follows an API server: every kind that it has and Sluice reads, those that are installed later included.
 *
 * Endpoints are read only where there are no EndpointSlices: the control plane mirrors each of them into slices. Of Secrets
 * all are followed except types that no route can refer to; roles that allow less make that a problem, and objects that
 * need a Secret say so. Of ConfigMaps only those that objects name are followed, each by itself; an object that names one is
 * there when that has been read, so that nothing seems to be missing meanwhile.
 */
export const createClusterSource = (options: ClusterSourceOptions): ObjectSource => new ClusterSource(options);

class ClusterSource implements ObjectSource {
  readonly objects: ObjectStore = createObjectStore();
  readonly synced: Promise<void>;
  private readonly client: ApiClient;
  private readonly clock: Clock;
  private readonly times: ClusterTimes;
  private readonly kinds: FollowedKind[];
  private readonly byKind: ReadonlyMap<Kind, FollowedKind[]>;
  private readonly configMaps: FollowedKind | undefined;
  private readonly configMapNames = new ConfigMapNames();
  /** Objects that name ConfigMaps which have not been read yet, by kind and key. */
  private readonly waiting = new Map<string, { kind: Kind; change: CacheChange }>();
  private readonly listeners: ((change: { urgent: boolean }) => void)[] = [];
  private readonly stopping = new AbortController();
  private readonly ended: Promise<unknown>;
  private nextLook = new AbortController();
  private areEndpointsMirrored = true;
  private isPatient = true;
  private lookError: string | undefined;
  private resolveSynced: () => void = () => {};

  constructor({ client, namespaces, clock = systemClock, times }: ClusterSourceOptions) {
    this.client = client;
    this.clock = clock;
    this.times = { ...clusterTimes, ...times };
    const options = {
      client,
      clock,
      times: this.times,
      namespaces: namespaces?.length ? [...new Set(namespaces)] : undefined,
      onObjects: (kind: FollowedKind, changes: readonly CacheChange[]) => this.apply(kind.choice.kind, changes),
      onStanding: (kind: FollowedKind) => {
        if (kind.isMissing) this.nextLook.abort();
        if (kind === this.configMaps) this.letIn();
        this.tell(false);
      },
    };
    this.kinds = kindChoices().map((choice) => new FollowedKind(choice, options, choice.kind === "ConfigMap"));
    this.byKind = Map.groupBy(this.kinds, ({ choice }) => choice.kind);
    this.configMaps = this.byKind.get("ConfigMap")?.[0];
    this.synced = new Promise((resolve) => {
      this.resolveSynced = resolve;
    });
    this.ended = Promise.all([this.look(), this.losePatience()]);
  }

  status(): readonly KindStatus[] {
    const error = this.lookError;
    return this.readKinds().map((kind) => {
      const status = kind.status();
      return kind.isKnown || error === undefined ? status : { ...status, error };
    });
  }

  problems(): readonly Problem[] {
    return [...this.readKinds().flatMap((kind) => [...kind.problems()]), ...this.shadowed()];
  }

  onChange(listener: (change: { urgent: boolean }) => void): void {
    this.listeners.push(listener);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.nextLook.abort();
    for (const kind of this.kinds) kind.stop();
    await Promise.all([this.ended, ...this.kinds.map((kind) => kind.ended())]);
  }

  private async look(): Promise<void> {
    const { signal } = this.stopping;
    for (let failures = 0; !signal.aborted; ) {
      this.nextLook = new AbortController();
      try {
        const isExpected = (version: string): boolean => this.kinds.some((kind) => kind.isExpectedIn(version));
        this.reconcile(await discover(this.client, signal, this.times.answerMs, isExpected));
        failures = 0;
        this.lookError = undefined;
      } catch (error) {
        failures += 1;
        this.lookError = error instanceof Error ? error.message : String(error);
        if (failures === 1) this.tell(false);
      }
      const { backoffMs, longestBackoffMs, discoverMs } = this.times;
      const random = this.clock.random();
      const waitMs =
        failures > 0 ? random * Math.min(longestBackoffMs, backoffMs * 2 ** failures) : discoverMs * (0.9 + random / 5);
      const shortestMs = Math.min(waitMs, SHORTEST_LOOK_MS);
      await this.clock.sleep(shortestMs, signal);
      if (!signal.aborted) await this.clock.sleep(waitMs - shortestMs, this.nextLook.signal);
    }
  }

  private async losePatience(): Promise<void> {
    await this.clock.sleep(this.times.forbiddenDeadlineMs, this.stopping.signal);
    this.isPatient = false;
    this.settle();
  }

  private reconcile(found: readonly Discovery[]): void {
    if (this.stopping.signal.aborted) return;
    this.areEndpointsMirrored = found.some(
      ({ choice, found: slices }) => choice.kind === "EndpointSlice" && slices !== "absent",
    );
    let isNews = false;
    for (const [index, { found: resource }] of found.entries()) {
      const kind = this.kinds[index];
      if (kind === undefined || resource === "unknown") continue;
      isNews ||= !kind.isKnown;
      kind.isKnown = true;
      const isNeeded = kind.choice.kind !== "Endpoints" || !this.areEndpointsMirrored;
      if (resource !== "absent" && isNeeded) isNews = kind.follow(resource) || isNews;
      else if (kind.isFollowed) isNews = this.miss(kind) || isNews;
    }
    if (isNews) this.tell(false);
  }

  /** Whether it is given up. */
  private miss(kind: FollowedKind): boolean {
    kind.absences += 1;
    if (!kind.isMissing && kind.absences < ABSENCES) return false;
    this.apply(kind.choice.kind, kind.drop());
    return true;
  }

  private apply(kind: Kind, changes: readonly CacheChange[]): void {
    this.noteNames(kind, changes);
    let urgent = this.put(kind, changes);
    if (kind === "ConfigMap") urgent = this.letIn() || urgent;
    this.tell(urgent);
  }

  /** Follows the ConfigMaps that are named now, and no others. */
  private noteNames(kind: Kind, changes: readonly CacheChange[]): void {
    let isNews = false;
    for (const { old, now } of changes) {
      const object = now ?? old;
      if (object === undefined) continue;
      const key = objectKey(object);
      isNews = this.configMapNames.note(kind, key, this.find(kind, key)) || isNews;
    }
    if (isNews) this.put("ConfigMap", this.configMaps?.focus(this.configMapNames.all()) ?? []);
  }

  /** Puts what was waiting into the store, as far as its ConfigMaps have been read. Whether that is urgent. */
  private letIn(): boolean {
    let urgent = false;
    for (const { kind, change } of [...this.waiting.values()]) urgent = this.put(kind, [change]) || urgent;
    return urgent;
  }

  /** Of equal objects of one kind in two groups the first group's is the one that is seen. */
  private find(kind: Kind, key: string): KubernetesObject | undefined {
    for (const group of this.byKind.get(kind) ?? []) {
      const object = group.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  /** Brings the store up to what is followed. Whether that is urgent. */
  private put(kind: Kind, changes: readonly CacheChange[]): boolean {
    let urgent = false;
    for (const change of changes) {
      const object = change.now ?? change.old;
      if (object === undefined) continue;
      const { namespace = "", name } = object.metadata;
      const key = objectKey(object);
      const before = this.objects.get(kind, namespace, name);
      const after = this.find(kind, key);
      const names = after === undefined ? [] : this.configMapNames.of(kind, after);
      if (names.some((one) => this.configMaps?.hasAnswered(one) === false)) {
        this.waiting.set(`${kind}\0${key}`, { kind, change });
        continue;
      }
      if (this.waiting.size > 0) this.waiting.delete(`${kind}\0${key}`);
      if (before === after) continue;
      if (after === undefined) this.objects.remove(kind, namespace, name);
      else this.objects.put(after);
      urgent ||= before !== undefined && hasLostEndpoint(before, after);
    }
    return urgent;
  }

  private tell(urgent: boolean): void {
    if (this.stopping.signal.aborted) return;
    this.settle();
    for (const listener of this.listeners) listener({ urgent });
  }

  private settle(): void {
    if (this.readKinds().every((kind) => kind.isSettled(this.isPatient))) this.resolveSynced();
  }

  private readKinds(): FollowedKind[] {
    return this.kinds.filter(
      (kind) => !kind.isIdle && (kind.isFollowed || kind.choice.kind !== "Endpoints" || !this.areEndpointsMirrored),
    );
  }

  private *shadowed(): Generator<Problem> {
    for (const [first, ...others] of this.byKind.values()) {
      for (const other of others) {
        for (const key of other.keys()) {
          const [object, winner] = [other.get(key), first?.get(key)];
          if (object === undefined || winner === undefined) continue;
          const { apiVersion, kind, metadata } = object;
          yield {
            code: "object-shadowed",
            severity: "warning",
            object: { apiVersion, kind, namespace: metadata.namespace ?? "", name: metadata.name },
            path: [],
            message: `The ${kind} \`${metadata.name}\` exists in \`${winner.apiVersion}\` too, and that one counts`,
            hint: "Delete this one",
          };
        }
      }
    }
  }
}
