import type { Kind, KubernetesObject, ObjectMeta } from "../kubernetes-object.ts";
import { SERVICE_NAME_LABEL } from "../memory-store.ts";

/** What `kubectl apply` keeps for itself: the whole object once more. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** Those of a Service that say how it is balanced. */
const SERVICE_ANNOTATIONS = ["traefik.ingress.kubernetes.io/", "sluice.dev/"];

type Fields = Record<string, unknown>;

/**
 * An object without what nobody reads, since clusters hold tens of thousands. Most kinds keep all but their bookkeeping;
 * of the numerous ones only the fields that are used stay, and of those not the resourceVersion: what else changes in a
 * Service changes nothing here.
 */
export function trimObject(kind: Kind, apiVersion: string, raw: Fields, metadata: ObjectMeta): KubernetesObject {
  const trim = trimmers[kind];
  if (trim !== undefined) return { apiVersion, kind, ...trim(raw, metadata) };
  return { ...raw, apiVersion, kind, metadata: trimMetadata(metadata) };
}

const trimmers: Partial<Record<Kind, (raw: Fields, metadata: ObjectMeta) => { metadata: ObjectMeta } & Fields>> = {
  EndpointSlice: (raw, metadata) => {
    const service = metadata.labels?.[SERVICE_NAME_LABEL];
    return {
      metadata: { ...names(metadata), ...(service === undefined ? {} : { labels: { [SERVICE_NAME_LABEL]: service } }) },
      ...pick(raw, ["addressType"]),
      ...each(raw, "ports", (port) => pick(port, ["name", "port", "protocol", "appProtocol"])),
      ...each(raw, "endpoints", (endpoint) => ({ ...pick(endpoint, ["addresses"]), ...conditionsOf(endpoint) })),
    };
  },
  Endpoints: (raw, metadata) => ({
    metadata: names(metadata),
    ...each(raw, "subsets", (subset) => ({
      ...each(subset, "addresses", (address) => pick(address, ["ip"])),
      ...each(subset, "ports", (port) => pick(port, ["name", "port", "protocol", "appProtocol"])),
    })),
  }),
  Service: (raw, metadata) => ({
    metadata: {
      ...names(metadata),
      // Events about a Service name it by its uid.
      ...pick(metadata, ["uid"]),
      ...annotations(metadata, (name) => SERVICE_ANNOTATIONS.some((prefix) => name.startsWith(prefix))),
    },
    ...inside(raw, "spec", (spec) => ({
      ...pick(spec, ["type", "clusterIP", "externalName"]),
      ...each(spec, "ports", (port) => pick(port, ["name", "port", "protocol", "appProtocol"])),
    })),
  }),
  Secret: (raw, metadata) => ({ metadata: names(metadata), ...pick(raw, ["type", "data"]) }),
  // Of ConfigMaps nothing else is read than whose certificates are good.
  ConfigMap: (raw, metadata) => ({
    metadata: names(metadata),
    ...inside(raw, "data", (data) => pick(data, ["tls.ca", "ca.crt"])),
  }),
  Namespace: (_, metadata) => ({ metadata: { ...names(metadata), ...pick(metadata, ["labels"]) } }),
};

/** `ready`, `serving`, `terminating`: most endpoints have the same, and share them. */
const conditions = new Map<string, Fields>();

function conditionsOf(endpoint: Fields): Fields {
  const given = endpoint.conditions;
  if (!isFields(given)) return pick(endpoint, ["conditions"]);
  const { ready, serving, terminating } = given;
  const isPlain = [ready, serving, terminating].every((one) => one == null || typeof one === "boolean");
  const picked = pick(given, ["ready", "serving", "terminating"]);
  if (!isPlain) return { conditions: picked };
  const key = JSON.stringify(picked);
  const shared = conditions.get(key) ?? picked;
  conditions.set(key, shared);
  return { conditions: shared };
}

const names = ({ name, namespace }: ObjectMeta): ObjectMeta => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

const metadataFields = ["labels", "creationTimestamp", "generation", "resourceVersion", "uid"] as const;

const trimMetadata = (metadata: ObjectMeta): ObjectMeta => ({
  ...names(metadata),
  ...pick(metadata, metadataFields),
  ...annotations(metadata, (name) => name !== LAST_APPLIED),
});

function annotations(metadata: ObjectMeta, isKept: (name: string) => boolean): Pick<ObjectMeta, "annotations"> {
  const kept = Object.entries(metadata.annotations ?? {}).filter(([name]) => isKept(name));
  return kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
}

function pick<T extends object, K extends string & keyof T>(from: T, keys: readonly K[]): Pick<T, K>;
function pick(from: Fields, keys: readonly string[]): Fields;
function pick(from: Fields, keys: readonly string[]): Fields {
  const picked: Fields = {};
  for (const key of keys) if (from[key] !== undefined && Object.hasOwn(from, key)) picked[key] = from[key];
  return picked;
}

/** What has not the form it should have stays as it is: whoever reads it says what is wrong. */
function inside(raw: Fields, key: string, trim: (value: Fields) => Fields): Fields {
  const value = raw[key];
  return isFields(value) ? { [key]: trim(value) } : pick(raw, [key]);
}

function each(raw: Fields, key: string, trim: (value: Fields) => Fields): Fields {
  const value = raw[key];
  if (!Array.isArray(value)) return pick(raw, [key]);
  return { [key]: value.map((one: unknown) => (isFields(one) ? trim(one) : one)) };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
