import type { KubernetesObject } from "../source/kubernetes-object.ts";
import type { Condition } from "./condition.ts";
import type { StatusContent } from "./status-content.ts";
import { supportedFeatures } from "./supported-features.ts";

/** The annotation of Gateway API's CRDs that says which release they are of. */
export const BUNDLE_VERSION_ANNOTATION = "gateway.networking.k8s.io/bundle-version";

/** `undefined`: it could not be read. `null`: the CRD does not say. */
export type BundleVersion = string | null | undefined;

/**
 * The status of a GatewayClass of ours. `SupportedVersion` is left out while the version of the CRDs is not known;
 * the features too, and with CRDs before 1.4, which do not have the field in this form.
 */
export function gatewayClassStatus(
  { metadata: { generation: observedGeneration = 0 } }: KubernetesObject,
  version: BundleVersion,
): StatusContent {
  const accepted: Condition = {
    type: "Accepted",
    status: "True",
    reason: "Accepted",
    message: "Gateways of this class are served",
    observedGeneration,
  };
  if (version === undefined) return { type: "class", conditions: [accepted], supportedFeatures: undefined };
  const minor = minorOf(version);
  const isSupported = minor !== undefined && minor <= NEWEST_MINOR;
  const found = version === null ? "The CRDs of Gateway API do not say their version" : `The CRDs are ${version}`;
  const supported: Condition = {
    type: "SupportedVersion",
    status: isSupported ? "True" : "False",
    reason: isSupported ? "SupportedVersion" : "UnsupportedVersion",
    message: isSupported ? found : `${found}; 1.0 to 1.${NEWEST_MINOR} are known, this one is served as they are`,
    observedGeneration,
  };
  const hasFeatures = minor !== undefined && minor >= FIRST_MINOR_WITH_FEATURES;
  return {
    type: "class",
    conditions: [accepted, supported],
    supportedFeatures: hasFeatures ? supportedFeatures : undefined,
  };
}

const NEWEST_MINOR = 5;
const FIRST_MINOR_WITH_FEATURES = 4;

function minorOf(version: string | null): number | undefined {
  const [, minor] = /^v1\.(\d{1,4})\.\d/.exec(version ?? "") ?? [];
  return minor === undefined ? undefined : Number(minor);
}
