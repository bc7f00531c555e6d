import { type ApiClient, ApiError } from "./api-client.ts";
import type { Clock, ClusterTimes } from "./cluster-times.ts";
import { listPages } from "./list-pages.ts";
import type { CacheChange, ObjectCache } from "./object-cache.ts";
import { type ObjectNames, readNames } from "./read-item.ts";
import { firstState, nextState, type Outcome, type ReflectorState } from "./reflector-state.ts";
import { type Resource, resourcePath, resourceQuery } from "./resource.ts";
import { mayFollow } from "./resource-version.ts";
import { readWatchEvent } from "./watch-event.ts";

export interface ReflectorOptions {
  client: ApiClient;
  resource: Resource;
  /** Undefined: all. */
  namespace: string | undefined;
  /** The only object that is followed. Undefined: all. */
  name: string | undefined;
  cache: ObjectCache;
  clock: Clock;
  times: ClusterTimes;
  /** The cache has changed by this. */
  onObjects: (changes: readonly CacheChange[]) => void;
  /** `standing` has changed. */
  onStanding: () => void;
}

/** How following stands. */
export interface Standing {
  /** Whether the server's objects have been read once. */
  isListed: boolean;
  state: "syncing" | "synced" | "stale" | "forbidden";
  /** What the server does not let us do. */
  forbidden: "list" | "watch" | undefined;
  heardAt: number | undefined;
  /** How often following was begun anew after a failure. */
  restarts: number;
  /** Undefined while all is well. */
  error: ApiError | undefined;
  /** Of which object the watch gave a version that cannot be, until an event comes that can be believed. */
  distrusted: ObjectNames | undefined;
}

/**
 * Keeps a cache equal to what the server holds: lists in pages, then watches from there, and goes on after whatever fails.
 * The informer of `@kubernetes/client-node` ends for good at the first reset connection, 500, 401 or 429, waits 300 s for a
 * list that hangs, and makes a pool of connections for each request; so this reads raw JSON itself.
 */
export class Reflector {
  standing: Standing = {
    isListed: false,
    state: "syncing",
    forbidden: undefined,
    heardAt: undefined,
    restarts: 0,
    error: undefined,
    distrusted: undefined,
  };
  /** Resolves when it has ended after `stop`. */
  readonly ended: Promise<void>;
  private readonly options: ReflectorOptions;
  private readonly path: string;
  private readonly query: Record<string, string>;
  private readonly stopping = new AbortController();

  constructor(options: ReflectorOptions) {
    this.options = options;
    this.path = resourcePath(options.resource, options.namespace);
    this.query = resourceQuery(options.resource, options.name);
    this.ended = this.run();
  }

  stop(): void {
    this.stopping.abort();
  }

  private async run(): Promise<void> {
    const { clock, times } = this.options;
    const { signal } = this.stopping;
    let state = firstState();
    // The caller has no reflector to be told of before the constructor has returned.
    await Promise.resolve();
    while (!signal.aborted) {
      await clock.sleep(state.waitMs, signal);
      if (signal.aborted) return;
      const outcome = await (state.step === "list" ? this.list(state.pageSize) : this.watch(state));
      if (signal.aborted) return;
      this.note(state, outcome);
      state = nextState(state, outcome, { now: clock.now(), random: clock.random() }, times);
    }
  }

  private async list(pageSize: number): Promise<Outcome> {
    const { client, cache, resource, times, onObjects, onStanding } = this.options;
    const listing = cache.beginListing(resource);
    try {
      const resourceVersion = await listPages(client, {
        path: this.path,
        query: this.query,
        pageSize,
        timeoutMs: times.answerMs,
        signal: this.stopping.signal,
        onItem: listing.add,
        onPage: () => this.hear(),
      });
      if (!this.stopping.signal.aborted) {
        const revision = cache.problemsRevision;
        const changes = listing.complete();
        const isNews = !this.standing.isListed || cache.problemsRevision !== revision;
        this.standing.isListed = true;
        if (changes.length > 0) onObjects(changes);
        else if (isNews) onStanding();
      }
      return { type: "listed", resourceVersion };
    } catch (error) {
      const apiError = asApiError(error);
      if (apiError.code === "gone") return { type: "expired", openMs: 0 };
      return { type: "failed", error: apiError, resourceVersion: undefined, openMs: 0 };
    }
  }

  private async watch(state: Extract<ReflectorState, { step: "watch" }>): Promise<Outcome> {
    const { client, clock, times } = this.options;
    const lastsMs = times.watchMs * (1 + clock.random());
    const watchdog = new Watchdog(this.stopping.signal, lastsMs + times.answerMs);
    let { resourceVersion } = state;
    let openedAt: number | undefined;
    const openMs = (): number => (openedAt === undefined ? 0 : clock.now() - openedAt);
    try {
      const documents = client.watch({
        path: this.path,
        query: {
          ...this.query,
          resourceVersion,
          allowWatchBookmarks: "true",
          timeoutSeconds: String(Math.max(1, Math.ceil(lastsMs / 1000))),
        },
        signal: watchdog.signal,
        timeoutMs: times.answerMs,
        onOpen: () => {
          openedAt = clock.now();
          watchdog.heard(this.silentMs());
          this.hear();
          this.follow();
        },
      });
      for await (const document of documents) {
        watchdog.heard(this.silentMs());
        this.hear();
        const event = readWatchEvent(document, clock.now());
        if (event.resourceVersion === undefined || !mayFollow(event.resourceVersion, resourceVersion)) {
          const message = `The API server's watch went from version ${resourceVersion} to ${event.resourceVersion}`;
          const names = ("object" in event ? readNames(event.object) : undefined) ?? { namespace: "", name: "" };
          return { type: "untrusted", error: new ApiError("refused", message), names };
        }
        if (this.standing.distrusted !== undefined) this.stand({ distrusted: undefined });
        if (event.type !== "bookmark") this.apply(event.type, event.object, event.resourceVersion);
        ({ resourceVersion } = event);
      }
      return { type: "ended", resourceVersion, openMs: openMs() };
    } catch (error) {
      if (watchdog.hasBitten) return { type: "ended", resourceVersion, openMs: openMs() };
      const apiError = asApiError(error);
      if (apiError.code === "gone") return { type: "expired", openMs: openMs() };
      return { type: "failed", error: apiError, resourceVersion, openMs: openMs() };
    } finally {
      watchdog.release();
    }
  }

  private apply(type: "put" | "delete", object: unknown, resourceVersion: string): void {
    const { cache, resource, onObjects, onStanding } = this.options;
    const revision = cache.problemsRevision;
    const change = type === "put" ? cache.put(object, resource) : cache.remove(object, resourceVersion);
    if (change !== undefined) onObjects([change]);
    else if (cache.problemsRevision !== revision) onStanding();
  }

  private silentMs(): number {
    const { resource, times } = this.options;
    const isOfEndpoints = resource.kind === "EndpointSlice" || resource.kind === "Endpoints";
    return isOfEndpoints ? times.endpointsSilentMs : times.silentMs;
  }

  private hear(): void {
    this.standing.heardAt = this.options.clock.now();
  }

  private follow(): void {
    this.stand({ state: "synced", forbidden: undefined, error: undefined });
  }

  private note(state: ReflectorState, outcome: Outcome): void {
    if (outcome.type === "listed" || outcome.type === "ended") {
      if (outcome.type === "listed" && this.standing.state === "syncing") this.follow();
      return;
    }
    this.standing.restarts += 1;
    const unread = this.standing.isListed ? "stale" : "syncing";
    const error = outcome.type === "expired" ? undefined : outcome.error;
    const isForbidden = error?.code === "forbidden";
    this.stand({
      state: isForbidden ? "forbidden" : unread,
      forbidden: isForbidden ? state.step : undefined,
      error,
      ...(outcome.type === "untrusted" && { distrusted: outcome.names }),
    });
  }

  private stand(change: Partial<Standing>): void {
    const before = this.standing;
    this.standing = { ...before, ...change };
    const isSame = (["state", "forbidden", "error", "distrusted"] as const).every(
      (field) => this.standing[field] === before[field],
    );
    if (!isSame) this.options.onStanding();
  }
}

/** Ends a watch that has been silent for too long, or lasts longer than it was asked to. */
class Watchdog {
  hasBitten = false;
  private readonly controller = new AbortController();
  private readonly outer: AbortSignal;
  private readonly longest: NodeJS.Timeout;
  private silence: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal, longestMs: number) {
    this.outer = outer;
    outer.addEventListener("abort", this.giveUp);
    if (outer.aborted) this.giveUp();
    this.longest = setTimeout(this.bite, longestMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  heard(silentMs: number): void {
    if (this.silence === undefined) this.silence = setTimeout(this.bite, silentMs);
    else this.silence.refresh();
  }

  release(): void {
    clearTimeout(this.longest);
    clearTimeout(this.silence);
    this.outer.removeEventListener("abort", this.giveUp);
  }

  private readonly giveUp = (): void => this.controller.abort();

  private readonly bite = (): void => {
    this.hasBitten = true;
    this.controller.abort();
  };
}

const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : new ApiError("transient", String(error), { cause: error });
