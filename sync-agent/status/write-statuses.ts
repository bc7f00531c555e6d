import { type ApiClient, ApiError } from "../source/cluster/api-client.ts";
import type { KubernetesObject } from "../source/kubernetes-object.ts";
import { mergeStatus } from "./merge-status.ts";
import type { DesiredStatus, StatusContent } from "./status-content.ts";
import { statusPath } from "./status-path.ts";
import type { Log, Write } from "./write-queue.ts";

export interface StatusWriterOptions {
  api: Pick<ApiClient, "request">;
  now(): number;
  log: Log;
}

/** What is known of an object whose status this process has written. */
interface Written {
  /** The version that the write was made on, which the store may still hold. */
  basedOn: string | undefined;
  /** What the server made of it. */
  object: KubernetesObject;
  content: StatusContent;
  at: number;
  /** How often the same was written again because somebody else had written over it. */
  fights: number;
}

const MERGE_PATCH = "application/merge-patch+json";
const REQUEST_TIMEOUT_MS = 15_000;
/** An object that changes under every attempt is left to the next plan. */
const MOST_ATTEMPTS = 3;
const FIRST_TRUCE_MS = 5_000;
const LONGEST_TRUCE_MS = 10 * 60_000;

/**
 * Turns desired statuses into writes of what differs. Each is a merge patch of `/status` on the version of the object
 * that was read: lists are replaced whole, and what others wrote into them meanwhile must not be lost.
 *
 * Where another controller writes the same fields (a Traefik beside this agent), the two would overwrite each other
 * without end: the same content is written again after ever longer waits.
 */
export class StatusWriter {
  private readonly options: StatusWriterOptions;
  private readonly written = new Map<string, Written>();
  /** Whether an object's status has to change for a content: of thousands of objects a few have changed. */
  private readonly verdicts = new WeakMap<KubernetesObject, { content: StatusContent; isDue: boolean }>();
  /** What the server refused: not tried again until something else is wanted. */
  private readonly refused = new WeakMap<KubernetesObject, StatusContent>();

  constructor(options: StatusWriterOptions) {
    this.options = options;
  }

  /** The writes that bring about these statuses; none for those that are so already. */
  plan(desired: readonly DesiredStatus[]): Write[] {
    const writes: Write[] = [];
    const present = new Set<string>();
    for (const { object, content } of desired) {
      const path = statusPath(object);
      if (path === undefined) continue;
      const key = keyOf(object);
      present.add(key);
      if (this.refused.get(object) === content) continue;
      const known = this.written.get(key);
      const newest = newestOf(object, known);
      if (!this.isDue(newest, content)) continue;
      if (known !== undefined && this.options.now() < known.at + truceMs(known, content)) continue;
      writes.push({ key, permission: path.permission, run: (signal) => this.write(object, content, signal) });
    }
    for (const key of this.written.keys()) if (!present.has(key)) this.written.delete(key);
    return writes;
  }

  private isDue(object: KubernetesObject, content: StatusContent): boolean {
    const known = this.verdicts.get(object);
    if (known?.content === content) return known.isDue;
    const isDue = mergeStatus(object.status, content, this.timestamp()) !== undefined;
    this.verdicts.set(object, { content, isDue });
    return isDue;
  }

  private async write(object: KubernetesObject, content: StatusContent, signal: AbortSignal): Promise<void> {
    const path = statusPath(object);
    if (path === undefined) return;
    const key = keyOf(object);
    let newest = newestOf(object, this.written.get(key));
    for (let attempt = 1; ; attempt += 1) {
      const status = mergeStatus(newest.status, content, this.timestamp());
      if (status === undefined) return;
      try {
        const { resourceVersion } = newest.metadata;
        const answer = await this.options.api.request({
          method: "PATCH",
          path: path.status,
          query: { fieldManager: "sluice-agent" },
          contentType: MERGE_PATCH,
          body: { metadata: { resourceVersion }, status },
          signal,
          timeoutMs: REQUEST_TIMEOUT_MS,
        });
        this.remember(key, object, content, isObject(answer) ? answer : { ...newest, status });
        return;
      } catch (error) {
        const code = error instanceof ApiError ? error.code : undefined;
        if (code === "refused") this.refused.set(object, content);
        if (code !== "conflict" || attempt === MOST_ATTEMPTS) throw error;
      }
      const fresh = await this.options.api.request({ path: path.object, signal, timeoutMs: REQUEST_TIMEOUT_MS });
      // What was computed is about another generation: the watch will bring that, and with it another plan.
      if (!isObject(fresh) || fresh.metadata.generation !== object.metadata.generation) return;
      newest = fresh;
    }
  }

  private remember(key: string, object: KubernetesObject, content: StatusContent, answer: KubernetesObject): void {
    const { now, log } = this.options;
    const earlier = this.written.get(key);
    const isFight = earlier !== undefined && isSame(earlier.content, content);
    const fights = isFight ? earlier.fights + 1 : 0;
    if (fights === 3) {
      const { kind, metadata } = object;
      log.warn(
        { kind, namespace: metadata.namespace, name: metadata.name },
        "another controller writes this status as well; is Traefik running beside this agent?",
      );
    }
    this.written.set(key, {
      basedOn: object.metadata.resourceVersion,
      object: answer,
      content,
      at: now(),
      fights,
    });
  }

  /** As `metav1.Time` is written: to the second. */
  private timestamp(): string {
    return new Date(this.options.now()).toISOString().replace(/\.\d+Z$/, "Z");
  }
}

const truceMs = ({ content, fights }: Written, wanted: StatusContent): number =>
  isSame(content, wanted) ? Math.min(FIRST_TRUCE_MS * 2 ** fights, LONGEST_TRUCE_MS) : 0;

const isSame = (a: StatusContent, b: StatusContent): boolean => a === b || textOf(a) === textOf(b);

const textOf = (content: StatusContent): string =>
  JSON.stringify(content, (_, value: unknown) => (value instanceof Set ? [...value] : value));

/** The store follows by a watch: until it has caught up, the server's own answer is newer. */
const newestOf = (object: KubernetesObject, known: Written | undefined): KubernetesObject =>
  known !== undefined && known.basedOn === object.metadata.resourceVersion ? known.object : object;

/** Another uid is another object. */
const keyOf = ({ kind, metadata: { namespace = "", name, uid = "" } }: KubernetesObject): string =>
  `${kind} ${namespace}/${name} ${uid}`;

const isObject = (value: unknown): value is KubernetesObject =>
  typeof value === "object" &&
  value !== null &&
  "metadata" in value &&
  typeof value.metadata === "object" &&
  value.metadata !== null;
