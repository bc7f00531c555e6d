import * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { TranslateObject } from "../fragment.ts";
import { misplacedFields } from "../misplaced-fields.ts";
import { ignorable, readSpec } from "../read-object.ts";
import { useCertificate } from "../tls/use-certificate.ts";
import { type Context, type Place, readElements, startFragment, within } from "./context.ts";

const secretSchema = z.object({ secretName: z.string().min(1, "is empty") });

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/tls/tlsstore/ */
export const tlsStoreSchema = z.object({
  certificates: z.array(z.unknown()).optional(),
  defaultCertificate: ignorable(secretSchema),
  defaultGeneratedCert: z.unknown().optional(),
});

export const storedCertificateSchema = secretSchema;

/** The only store that Traefik uses. */
const DEFAULT_STORE = "default";

/** A TLSStore: certificates beside those that routes name, and the one for names that no other has. */
export const translateTlsStore: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const spec = readSpec(tlsStoreSchema, object, report);
  if (spec === undefined) return fragment;
  const { namespace = "", name } = object.metadata;
  const at: Place = { namespace, path: ["spec"], report, misplaced: misplacedFields.TLSStore };
  if (name !== DEFAULT_STORE) {
    const message = `The TLSStore \`${name}\` has no effect: only the one named \`default\` has`;
    report({ code: "unsupported-field", severity: "warning", path: ["metadata", "name"], message });
    return fragment;
  }
  if (defaultStore(context) !== object) {
    report({
      code: "duplicate-default",
      severity: "error",
      path: ["metadata", "name"],
      message: "Another namespace has a TLSStore `default` as well, and there can be one; this one has no effect",
      hint: "Put its certificates into the other, or name them in routes",
    });
    return fragment;
  }
  if (spec.defaultGeneratedCert !== undefined && spec.defaultGeneratedCert !== null) {
    const message = "`defaultGeneratedCert` has no effect: certificates come from Secrets";
    report({ code: "unsupported-field", severity: "notice", path: ["spec", "defaultGeneratedCert"], message });
  }
  const stored = readElements(storedCertificateSchema, spec.certificates ?? [], within(at, "certificates"));
  for (const { value, at: place } of stored) {
    useCertificate({ ...within(place, "secretName"), secretName: value.secretName }, context);
  }
  if (spec.defaultCertificate !== undefined) {
    const { secretName } = spec.defaultCertificate;
    useCertificate({ ...within(at, "defaultCertificate", "secretName"), secretName, isDefault: true }, context);
  }
  return fragment;
};

/** Of several that of the namespace `default`, else of the first, as with TLSOptions. */
function defaultStore({ objects }: Pick<Context, "objects">): KubernetesObject | undefined {
  const rank = ({ metadata: { namespace = "" } }: KubernetesObject): string =>
    `${namespace === "default" ? 0 : 1}${namespace}`;
  return [...objects.list("TLSStore")]
    .filter(({ metadata }) => metadata.name === DEFAULT_STORE)
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}
