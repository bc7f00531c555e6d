import { allKinds, apiVersionOf, builtInKinds, keyOf, type ResourceKind } from "./resource-kinds.ts";

export type KindName = { apiVersion: string; kind: string };

/** The kinds that the server has at the moment; the built-in ones are always among them. */
export class ServedKinds {
  private readonly kinds = new Map<string, ResourceKind>();
  private readonly byName = new Map<string, ResourceKind>();

  constructor(kinds: readonly ResourceKind[] = allKinds) {
    this.install([...builtInKinds, ...kinds]);
  }

  all(): ResourceKind[] {
    return [...this.kinds.values()];
  }

  install(kinds: readonly ResourceKind[]): void {
    for (const kind of kinds) this.kinds.set(keyOf(kind), kind);
    this.nameAll();
  }

  remove(kind: ResourceKind): void {
    this.kinds.delete(keyOf(kind));
    this.nameAll();
  }

  /** Throws for one that is not served: a test has named it wrongly. */
  named({ apiVersion, kind }: KindName): ResourceKind {
    const known = this.byName.get(`${apiVersion} ${kind}`);
    if (known === undefined) throw new Error(`The double serves no ${apiVersion} ${kind}`);
    return known;
  }

  private nameAll(): void {
    this.byName.clear();
    for (const kind of this.kinds.values()) {
      for (const version of kind.versions) this.byName.set(`${apiVersionOf(kind, version)} ${kind.kind}`, kind);
    }
  }
}
