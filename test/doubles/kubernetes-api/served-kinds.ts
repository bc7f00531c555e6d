import { allKinds, apiVersionOf, builtInKinds, keyOf, type ResourceKind } from "./resource-kinds.ts";

export type KindName = { apiVersion: string; kind: string };

/** The kinds that the server has at the moment; the built-in ones are always among them. */
export class ServedKinds {
  private readonly kinds = new Map<string, ResourceKind>();

  constructor(kinds: readonly ResourceKind[] = allKinds) {
    this.install([...builtInKinds, ...kinds]);
  }

  all(): ResourceKind[] {
    return [...this.kinds.values()];
  }

  install(kinds: readonly ResourceKind[]): void {
    for (const kind of kinds) this.kinds.set(keyOf(kind), kind);
  }

  remove(kind: ResourceKind): void {
    this.kinds.delete(keyOf(kind));
  }

  /** Throws for one that is not served: a test has named it wrongly. */
  named({ apiVersion, kind }: KindName): ResourceKind {
    for (const known of this.kinds.values()) {
      const versions = known.versions.map((version) => apiVersionOf(known, version));
      if (known.kind === kind && versions.includes(apiVersion)) return known;
    }
    throw new Error(`The double serves no ${apiVersion} ${kind}`);
  }
}
