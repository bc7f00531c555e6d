import type { Kind, KubernetesObject } from "../kubernetes-object.ts";
import { mayNameConfigMaps, namedConfigMaps } from "../named-config-maps.ts";
import { objectKey } from "./object-cache.ts";
import type { ObjectNames } from "./read-item.ts";

/** Knows which ConfigMaps are named, and by which objects. */
export class ConfigMapNames {
  private readonly byObject = new Map<string, readonly ObjectNames[]>();

  /**
   * Takes note of an object as it is now, undefined when it is gone.
   *
   * @returns whether other ConfigMaps are named than before
   */
  note(kind: Kind, key: string, object: KubernetesObject | undefined): boolean {
    if (!mayNameConfigMaps(kind)) return false;
    const owner = `${kind}\0${key}`;
    const before = this.byObject.get(owner) ?? [];
    const now = object === undefined ? [] : namesOf(kind, object);
    if (now.length === 0) this.byObject.delete(owner);
    else this.byObject.set(owner, now);
    return before.length !== now.length || before.some(({ name }, index) => name !== now[index]?.name);
  }

  /** Those that one object names. */
  of(kind: Kind, object: KubernetesObject): readonly ObjectNames[] {
    return this.byObject.get(`${kind}\0${objectKey(object)}`) ?? [];
  }

  /** All that are named, each once. */
  all(): readonly ObjectNames[] {
    const found = new Map<string, ObjectNames>();
    for (const names of this.byObject.values())
      for (const one of names) found.set(`${one.namespace}\0${one.name}`, one);
    return [...found.values()];
  }
}

const namesOf = (kind: Kind, object: KubernetesObject): readonly ObjectNames[] =>
  namedConfigMaps(kind, object).map((name) => ({ namespace: object.metadata.namespace ?? "", name }));
