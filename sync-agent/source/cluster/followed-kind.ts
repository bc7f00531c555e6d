import type { Problem } from "../../translate/problem.ts";
import { groupOf, type KindChoice } from "../known-kinds.ts";
import type { KubernetesObject } from "../kubernetes-object.ts";
import type { KindStatus } from "../object-source.ts";
import type { ApiClient, ApiErrorCode } from "./api-client.ts";
import type { Clock, ClusterTimes } from "./cluster-times.ts";
import { type CacheChange, ObjectCache } from "./object-cache.ts";
import { planScopes, type ScopeNames } from "./plan-scopes.ts";
import type { ObjectNames } from "./read-item.ts";
import { Reflector } from "./reflector.ts";
import type { Resource } from "./resource.ts";

export interface FollowedKindOptions {
  client: ApiClient;
  clock: Clock;
  times: ClusterTimes;
  /** Undefined: all. */
  namespaces: readonly string[] | undefined;
  onObjects: (kind: FollowedKind, changes: readonly CacheChange[]) => void;
  onStanding: (kind: FollowedKind) => void;
}

/** An object, a namespace's share of a kind, or all of it. */
interface Scope extends ScopeNames {
  cache: ObjectCache;
  reflector: Reflector;
}

/** One kind: whether the server has it, and what it holds, over all namespaces that are read. */
export class FollowedKind {
  readonly choice: KindChoice;
  /** Whether discovery has said anything about it. */
  isKnown = false;
  /** In how many looks in a row it was absent, though it is followed. */
  absences = 0;
  private readonly options: FollowedKindOptions;
  private resource: Resource | undefined;
  private scopes: Scope[] = [];
  /** Undefined: all objects are needed. */
  private focused: readonly ObjectNames[] | undefined;
  /** Scopes that are followed no longer, until they have ended. */
  private readonly leaving = new Set<Promise<void>>();
  private removed: { apiVersion: string; objects: number } | undefined;

  /** @param isFocused nothing is followed but what `focus` names */
  constructor(choice: KindChoice, options: FollowedKindOptions, isFocused = false) {
    this.choice = choice;
    this.options = options;
    this.focused = isFocused ? [] : undefined;
  }

  get isFollowed(): boolean {
    return this.resource !== undefined;
  }

  /** Whether it matters that a server does not list this version: nothing is known of the kind, or it is followed so. */
  isExpectedIn(apiVersion: string): boolean {
    return this.isKnown ? this.resource?.apiVersion === apiVersion : this.choice.apiVersions.includes(apiVersion);
  }

  /** Whether nothing of it is needed. */
  get isIdle(): boolean {
    return this.focused?.length === 0;
  }

  /** Whether the server answers 404 for it. */
  get isMissing(): boolean {
    return this.scopes.some(({ reflector }) => reflector.standing.error?.code === "not-found");
  }

  get(key: string): KubernetesObject | undefined {
    for (const { cache } of this.scopes) {
      const object = cache.get(key);
      if (object !== undefined) return object;
    }
    return undefined;
  }

  *keys(): Generator<string> {
    for (const { cache } of this.scopes) yield* cache.keys();
  }

  /**
   * Begins to follow it; false when it is followed so already. In another version than before, its objects stay until that
   * has been read.
   */
  follow(resource: Resource): boolean {
    this.absences = 0;
    this.removed = undefined;
    const known = this.resource;
    if (known?.apiVersion === resource.apiVersion && known.plural === resource.plural) return false;
    this.resource = resource;
    const old = this.scopes;
    for (const { reflector } of old) reflector.stop();
    this.scopes = this.wantedScopes(resource).map((scope) =>
      this.open(resource, scope, old.find((one) => isSameScope(one, scope))?.cache ?? new ObjectCache()),
    );
    return true;
  }

  /** From here on nothing is followed but these objects: whatever else is known goes, and is returned. */
  focus(names: readonly ObjectNames[]): CacheChange[] {
    this.focused = names;
    const { resource } = this;
    if (resource === undefined) return [];
    const old = this.scopes;
    const wanted = this.wantedScopes(resource);
    this.scopes = wanted.map(
      (scope) => old.find((one) => isSameScope(one, scope)) ?? this.open(resource, scope, new ObjectCache()),
    );
    const left = old.filter((scope) => !this.scopes.includes(scope));
    for (const { reflector } of left) {
      reflector.stop();
      const ended = reflector.ended.then(() => void this.leaving.delete(ended));
      this.leaving.add(ended);
    }
    return left.flatMap(({ cache }) => cache.clear());
  }

  /** Whether it is known what the server has of an object, or that it cannot be known. */
  hasAnswered({ namespace, name }: ObjectNames): boolean {
    if (!this.isFollowed) return this.isKnown;
    const covering = this.scopes.filter(
      (scope) => (scope.namespace ?? namespace) === namespace && (scope.name ?? name) === name,
    );
    return covering.every(({ reflector: { standing } }) => standing.isListed || isRefusal(standing.error?.code));
  }

  /** The server has it no longer. */
  drop(): CacheChange[] {
    const apiVersion = this.resource?.apiVersion ?? "";
    this.stop();
    this.resource = undefined;
    const scopes = this.scopes;
    this.scopes = [];
    const changes = scopes.flatMap(({ cache }) => cache.clear());
    this.removed = { apiVersion, objects: changes.length };
    return changes;
  }

  stop(): void {
    for (const { reflector } of this.scopes) reflector.stop();
  }

  async ended(): Promise<void> {
    await Promise.all([...this.scopes.map(({ reflector }) => reflector.ended), ...this.leaving]);
  }

  /**
   * Whether nothing more is to be waited for: everything has been read once, or it is known that it cannot be.
   *
   * @param isPatient whether a refusal may still be one that passes, such as a role that is being made
   */
  isSettled(isPatient: boolean): boolean {
    if (!this.isKnown) return false;
    return this.scopes.every(({ reflector: { standing } }) => {
      if (standing.isListed) return true;
      const isRefused = standing.state === "forbidden" || standing.error?.code === "not-found";
      return isRefused && (!isPatient || this.isBeyondRoles());
    });
  }

  status(): KindStatus {
    const standings = this.scopes.map(({ reflector }) => reflector.standing);
    const heard = standings.map(({ heardAt }) => heardAt);
    const error = standings.find((standing) => standing.error !== undefined)?.error?.message;
    const worst = (["forbidden", "syncing", "stale", "synced"] as const).find((state) =>
      standings.some((standing) => standing.state === state),
    );
    return {
      kind: this.choice.kind,
      apiVersion: this.resource?.apiVersion ?? this.choice.apiVersions[0] ?? "",
      state: worst ?? (this.isKnown ? "absent" : "syncing"),
      objects: this.scopes.reduce((sum, { cache }) => sum + cache.size, 0),
      heardAt: heard.reduce(
        (oldest, at) => (oldest === undefined || at === undefined ? undefined : Math.min(oldest, at)),
        heard[0],
      ),
      restarts: standings.reduce((sum, { restarts }) => sum + restarts, 0),
      ...(error === undefined ? {} : { error }),
    };
  }

  *problems(): Generator<Problem> {
    for (const scope of this.scopes) {
      yield* scope.cache.problems();
      const { forbidden, distrusted } = scope.reflector.standing;
      if (forbidden !== undefined && this.resource !== undefined)
        yield this.forbiddenProblem(this.resource, forbidden, scope);
      if (distrusted !== undefined && this.resource !== undefined) yield distrustProblem(this.resource, distrusted);
    }
    if (this.removed !== undefined) yield this.removedProblem(this.removed);
  }

  private wantedScopes({ isNamespaced }: Resource): readonly ScopeNames[] {
    const { namespaces } = this.options;
    const all = isNamespaced && namespaces !== undefined ? namespaces : [undefined];
    if (this.focused !== undefined) return planScopes(this.scopes, this.focused, all);
    return all.map((namespace) => ({ namespace, name: undefined }));
  }

  private open(resource: Resource, { namespace, name }: ScopeNames, cache: ObjectCache): Scope {
    const { namespaces: _, onObjects, onStanding, ...rest } = this.options;
    const reflector = new Reflector({
      ...rest,
      resource,
      namespace,
      name,
      cache,
      onObjects: (changes) => onObjects(this, changes),
      onStanding: () => onStanding(this),
    });
    return { namespace, name, cache, reflector };
  }

  /** With roles in single namespaces, what lies in none cannot be allowed: that is no mistake to wait for. */
  private isBeyondRoles(): boolean {
    return this.options.namespaces !== undefined && this.resource?.isNamespaced === false;
  }

  private forbiddenProblem(
    { kind, apiVersion, plural }: Resource,
    verb: "list" | "watch",
    { namespace, name, cache }: Scope,
  ): Problem {
    const what = name === undefined ? plural : `${plural} by the name \`${name}\``;
    const where = namespace === undefined ? "" : ` in the namespace \`${namespace}\``;
    const group = groupOf(apiVersion);
    const role = namespace === undefined ? "a ClusterRole" : "a Role there";
    const left = cache.size > 0 ? "what was read before stays" : "none is known";
    return {
      code: "kind-forbidden",
      severity: this.isBeyondRoles() ? "notice" : "error",
      object: { apiVersion, kind, namespace: namespace ?? "", name: name ?? "" },
      path: [],
      message: `The API server does not let the agent ${verb} ${what}${where}: ${left}`,
      hint: `Allow get, list and watch on \`${plural}\` of the API group \`${group}\` in ${role}`,
    };
  }

  private removedProblem({ apiVersion, objects }: { apiVersion: string; objects: number }): Problem {
    const { kind } = this.choice;
    return {
      code: "kind-removed",
      severity: "warning",
      object: { apiVersion, kind, namespace: "", name: "" },
      path: [],
      message: `The API server has ${kind} of \`${groupOf(apiVersion)}\` no longer; ${objects} objects went with it`,
      hint: "If that was not meant, install its CustomResourceDefinition and apply the objects again",
    };
  }
}

const isSameScope = (a: ScopeNames, b: ScopeNames): boolean => a.namespace === b.namespace && a.name === b.name;

/** What a server says of itself, and goes on saying: asking again soon does not help. */
const isRefusal = (code: ApiErrorCode | undefined): boolean =>
  code === "forbidden" || code === "not-found" || code === "refused";

function distrustProblem({ kind, apiVersion, plural }: Resource, names: ObjectNames): Problem {
  return {
    code: "version-distrusted",
    severity: "warning",
    object: { apiVersion, kind, ...names },
    path: ["metadata", "resourceVersion"],
    message: `The API server's watch gave no version of this ${kind}, or an older one than of what it had told before`,
    hint: `All ${plural} are read again each time, so that none is missed. Look at what answers for the API server`,
  };
}
