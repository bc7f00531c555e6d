import { rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { answerRequest } from "./answer-request.ts";
import type { AnyObject, ApiObject } from "./api-object.ts";
import { ApiStatus, apiStatus } from "./api-status.ts";
import { describeServer } from "./discovery.ts";
import { answerFault, type Fault, Faults, matches, type RequestMatch, type SetFault } from "./faults.ts";
import { makeKubeconfig, writeKubeconfig } from "./kubeconfig.ts";
import { Liar, type Lie } from "./liar.ts";
import { ObjectStorage } from "./object-storage.ts";
import { PortListener } from "./port-listener.ts";
import { type ApiRequestInfo, findKind, readRequest } from "./read-request.ts";
import { keyOf, type ResourceKind } from "./resource-kinds.ts";
import { sendJson } from "./send-json.ts";
import { ListServer } from "./serve-list.ts";
import { type KindName, ServedKinds } from "./served-kinds.ts";
import { WatchStream } from "./watch-stream.ts";
import { createObject, deleteObject, updateObject } from "./write-objects.ts";

export interface KubernetesApiOptions {
  /** Default: all that Sluice reads or writes. The built-in ones are always there. */
  kinds?: readonly ResourceKind[];
  /** Speak TLS with a certificate that only the kubeconfig's CA vouches for. */
  tls?: boolean;
  /** Answer 401 to whoever does not show `api.token`. */
  requireToken?: boolean;
  /** Milliseconds between bookmarks; a real server sends one a minute. */
  bookmarkMs?: number;
}

/** A request that came, in the order they came. */
export interface LoggedRequest extends ApiRequestInfo {
  userAgent: string;
  /** The status that was answered; undefined while it is open, and for what was cut. */
  status: number | undefined;
}

type Named = { namespace?: string; name: string };

export async function startKubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const pair = options.tls === true ? await makeCertificate(["127.0.0.1", "localhost"], Date.now()) : undefined;
  const api = new KubernetesApi(options, pair?.cert);
  await api.listen(pair);
  return api;
}

/**
 * An API server for tests: its protocol over HTTP, and beside it what tests do to it, in the process. Namespaces need
 * not exist before what is in them, nothing is validated but what Sluice writes, and no controller acts.
 */
export class KubernetesApi {
  readonly requests: LoggedRequest[] = [];
  token = "token-1";
  private readonly storage = new ObjectStorage();
  private readonly lists = new ListServer(this.storage);
  private readonly faults = new Faults();
  private readonly liar = new Liar();
  private readonly open = new Set<WatchStream>();
  private readonly kinds: ServedKinds;
  private readonly forbidden = new Set<{ match: RequestMatch }>();
  private readonly waiting = new Set<() => void>();
  private readonly bookmarkMs: number;
  private readonly requireToken: boolean;
  /** PEM of its authority, when it speaks TLS. */
  readonly ca: string | undefined;
  private listener: PortListener | undefined;
  private pieceBytes = 0;
  private tokens = 1;
  private directory: string | undefined;

  constructor({ kinds, bookmarkMs = 60_000, requireToken = false }: KubernetesApiOptions, ca?: string) {
    this.kinds = new ServedKinds(kinds);
    this.bookmarkMs = bookmarkMs;
    this.requireToken = requireToken;
    this.ca = ca;
    this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  }

  /** Called once by `startKubernetesApi`. */
  async listen(pair: { cert: string; key: string } | undefined): Promise<void> {
    this.listener = new PortListener(this.serve, pair);
    await this.listener.up();
  }

  get url(): string {
    return this.listener?.url ?? "";
  }

  get resourceVersion(): string {
    return String(this.storage.resourceVersion);
  }

  /** A kubeconfig as YAML. */
  kubeconfig(): string {
    return makeKubeconfig({ url: this.url, token: this.token, ca: this.ca });
  }

  /** The same in a file, which is removed on close. */
  kubeconfigPath(): string {
    const { directory, path } = writeKubeconfig(this.kubeconfig(), this.directory);
    this.directory = directory;
    return path;
  }

  /**
   * Makes the object or replaces it; a status that it does not have stays. `quiet`: no watch hears of it. What is
   * returned is not to be changed.
   */
  apply(object: AnyObject, { quiet = false } = {}): ApiObject {
    const kind = this.kinds.named(object);
    const metadata = { ...object.metadata };
    if (kind.namespaced) metadata.namespace ??= "default";
    const sent = structuredClone({ ...object, metadata }) as ApiObject;
    delete sent.metadata.resourceVersion;
    delete sent.metadata.uid;
    const write = this.storage.get(kind, metadata.namespace ?? "", metadata.name) ? updateObject : createObject;
    const stored = write(this.storage, kind, sent, { part: "all", quiet });
    this.wake();
    return stored;
  }

  delete(of: KindName, named: Named | string, { quiet = false } = {}): void {
    const kind = this.kinds.named(of);
    deleteObject(this.storage, kind, place(kind, named), { quiet });
    this.wake();
  }

  get(of: KindName, named: Named | string): ApiObject | undefined {
    const kind = this.kinds.named(of);
    const { namespace, name } = place(kind, named);
    return structuredClone(this.storage.get(kind, namespace, name));
  }

  list(of: KindName, namespace = ""): ApiObject[] {
    return structuredClone([...this.storage.list(this.kinds.named(of), namespace)]);
  }

  /** As a CRD does that is installed now. */
  installKinds(kinds: readonly ResourceKind[]): void {
    this.kinds.install(kinds);
  }

  /** As a CRD does that is removed: its objects are deleted, its watches ended, and then it is not found. */
  removeKinds(kinds: readonly ResourceKind[]): void {
    for (const kind of kinds) {
      for (const object of [...this.storage.list(kind)]) this.storage.remove(kind, object);
      this.kinds.remove(kind);
      for (const watch of this.open) if (keyOf(watch.options.kind) === keyOf(kind)) watch.end();
    }
  }

  fail(fault: Fault): SetFault {
    return this.faults.add(fault);
  }

  /** Ends all faults, prohibitions and lies. */
  heal(): void {
    this.faults.clear();
    this.forbidden.clear();
    this.liar.stop();
    this.pieceBytes = 0;
  }

  /** Answers 403 to what matches. Returns what permits it again. */
  forbid(match: RequestMatch): () => void {
    const entry = { match };
    this.forbidden.add(entry);
    return () => void this.forbidden.delete(entry);
  }

  /** Watch events say another resourceVersion than the object has. */
  lie(lie: Lie): void {
    this.liar.lie(lie);
  }

  /** Forgets the past: older versions and continue tokens answer 410 from now on. */
  compact(): void {
    this.storage.compact();
    this.lists.forget();
  }

  /** Open watches of a resource, or all. */
  watches(resource?: string): WatchStream[] {
    return [...this.open].filter(({ options }) => resource === undefined || options.kind.plural === resource);
  }

  /** Cuts watches with an RST. */
  cutWatches(resource?: string): void {
    for (const watch of this.watches(resource)) watch.cut();
  }

  /** Ends watches as a server does when their time is over. */
  endWatches(resource?: string): void {
    for (const watch of this.watches(resource)) watch.end();
  }

  /** Those that are open stay so and hear nothing more. */
  muteWatches(resource?: string): void {
    for (const watch of this.watches(resource)) watch.mute();
  }

  bookmark(resource?: string): void {
    for (const watch of this.watches(resource)) watch.bookmark();
  }

  /** Sends open watches an event of the test's own, or a line as it is. */
  emit(resource: string, event: { type: string; object: unknown } | string): void {
    for (const watch of this.watches(resource)) watch.write(typeof event === "string" ? event : JSON.stringify(event));
  }

  /** Writes watches in pieces of this many bytes, so that documents and characters come apart; 0 ends it. */
  splitWatches(bytes: number): void {
    this.pieceBytes = bytes;
  }

  /** The token so far is refused; a kubeconfig made from now on has the new one. */
  rotateToken(): string {
    this.tokens += 1;
    this.token = `token-${this.tokens}`;
    return this.token;
  }

  /** Closes the port and cuts all connections; changes can go on. */
  async down(): Promise<void> {
    await this.listener?.down();
  }

  /** Listens again, on the same port. */
  async up(): Promise<void> {
    await this.listener?.up();
  }

  async close(): Promise<void> {
    await this.down();
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  /** Waits until a condition holds, which is looked at whenever a request comes or ends, or an object changes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const resolve of waiting) resolve();
  }

  private readonly serve: RequestListener = (request, response) => {
    const info = readRequest(request);
    const logged: LoggedRequest = { ...info, userAgent: request.headers["user-agent"] ?? "", status: undefined };
    this.requests.push(logged);
    response.on("finish", () => {
      logged.status = response.statusCode;
    });
    response.on("close", () => this.wake());
    request.on("error", () => response.destroy());
    this.answer(info, request, response)
      .catch((error: unknown) => {
        const status = error instanceof ApiStatus ? error : apiStatus(500, String(error));
        if (response.headersSent) return response.destroy();
        sendJson(request, response, status.code, status.toJson(), status.headers);
      })
      .finally(() => this.wake());
  };

  private async answer(info: ApiRequestInfo, ...[request, response]: Parameters<RequestListener>): Promise<void> {
    const fault = this.faults.take(info);
    if (fault !== undefined) return answerFault(fault, request, response);
    if (this.requireToken && request.headers.authorization !== `Bearer ${this.token}`) {
      throw apiStatus(401, "Unauthorized");
    }
    for (const { match } of this.forbidden) {
      if (!matches(info, match)) continue;
      const what = `${info.plural || info.path} in API group "${info.group}"`;
      throw apiStatus(403, `User "test" cannot ${info.verb} resource ${what} at this scope`, { kind: info.plural });
    }
    if (info.verb === "meta") {
      return sendJson(request, response, 200, describeServer(info.path, this.kinds.all()));
    }
    const kind = findKind(this.kinds.all(), info);
    const { version, namespace, name, query } = info;
    if (info.verb === "list") return sendJson(request, response, 200, this.lists.list(kind, version, namespace, query));
    if (info.verb === "watch") {
      const { bookmarkMs, liar } = this;
      const pieceBytes = () => this.pieceBytes;
      const distort = liar.distort;
      const options = { kind, version, namespace, name, query, bookmarkMs, pieceBytes, distort };
      const watch = new WatchStream(this.storage, response, options);
      this.open.add(watch);
      void watch.ended.then(() => this.open.delete(watch));
      return;
    }
    const { code, body } = await answerRequest(this.storage, kind, info, request);
    sendJson(request, response, code, body);
  }
}

function place(kind: ResourceKind, named: Named | string): { namespace: string; name: string } {
  const { name, namespace = "default" } = typeof named === "string" ? { name: named } : named;
  return { name, namespace: kind.namespaced ? namespace : "" };
}
