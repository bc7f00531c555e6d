import type { Router } from "../../src/table/router.ts";
import type { Folder } from "../../sync-agent/source/folder-source.ts";
import type { ObjectRef } from "../../sync-agent/source/kubernetes-object.ts";
import type { Location } from "../../sync-agent/source/locate.ts";
import { type RouterOrigin, readTieBreaker } from "../../sync-agent/translate/tie-breaker.ts";

/** Where a router was asked for. */
export interface Origin {
  object: ObjectRef;
  /** Its rule in the object, or the nearest thing that stands for it. */
  path: readonly (string | number)[];
  location: Location | undefined;
}

/** The object of the folder that a router comes from; undefined for those that an entry point's settings make. */
export function originOf(router: Pick<Router, "tieBreaker">, folder: Folder): Origin | undefined {
  const origin = readTieBreaker(router.tieBreaker);
  if (origin === undefined) return undefined;
  const { kind, namespace, name } = origin;
  const path = pathOf(origin);
  const found = folder.store.get(kind, namespace, name);
  const object: ObjectRef = { apiVersion: found?.apiVersion ?? "", kind, namespace, name };
  return { object, path, location: folder.locate(object, path) };
}

function pathOf({ kind, places: [first, second] }: RouterOrigin): (string | number)[] {
  if (first === undefined) return kind === "Ingress" ? ["spec", "defaultBackend"] : [];
  if (kind === "IngressRouteUDP") return ["spec", "routes", first];
  if (kind === "IngressRoute" || kind === "IngressRouteTCP") return ["spec", "routes", first, "match"];
  if (kind === "Ingress") return ["spec", "rules", first, "http", "paths", second ?? 0];
  if (second === undefined) return ["spec", "rules", first];
  return ["spec", "rules", first, "matches", second];
}
