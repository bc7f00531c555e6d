import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ObjectReader } from "../../source/object-store.ts";
import type { TranslateObject } from "../fragment.ts";
import { readFields, readSpec } from "../read-object.ts";
import { silent, startFragment } from "../traefik/context.ts";

/** https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant */
export const grantSchema = z.object({
  from: z.array(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
  to: z.array(z.object({ group: z.string(), kind: z.string(), name: z.string().optional() })),
});

export interface Reference {
  from: { group: string; kind: string; namespace: string };
  to: { group: string; kind: string; namespace: string; name: string };
}

/** Whether a reference stays in its namespace, or a ReferenceGrant where it leads to permits it. */
export function isPermitted({ from, to }: Reference, objects: ObjectReader): boolean {
  if (from.namespace === to.namespace) return true;
  for (const grant of objects.list("ReferenceGrant")) {
    if (grant.metadata.namespace !== to.namespace) continue;
    const spec = grantOf(grant);
    const isFrom = spec?.from.some(
      ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
    );
    const isTo = spec?.to.some(
      ({ group, kind, name }) => group === to.group && kind === to.kind && (!name || name === to.name),
    );
    if (isFrom && isTo) return true;
  }
  return false;
}

type Grant = z.output<typeof grantSchema>;
const known = new WeakMap<KubernetesObject, { grant: Grant | undefined }>();

function grantOf(object: KubernetesObject): Grant | undefined {
  let found = known.get(object);
  if (found === undefined) {
    found = { grant: readFields(grantSchema, object.spec, ["spec"], silent) };
    known.set(object, found);
  }
  return found.grant;
}

/** A ReferenceGrant by itself: its problems. */
export const translateReferenceGrant: TranslateObject = (object, objects, settings) => {
  const { fragment, report } = startFragment(object, objects, settings);
  readSpec(grantSchema, object, report);
  return fragment;
};
