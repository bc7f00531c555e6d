import * as z from "zod";
import { DEFAULT_TLS_OPTIONS, type TlsOptions } from "../../../src/table/tls.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { TranslateObject } from "../fragment.ts";
import { objectName, qualify } from "../names.ts";
import { suggestName } from "../nearest-name.ts";
import { type Report, readSpec, whole } from "../read-object.ts";
import { tlsCipherSuites, tlsCurves, tlsVersions } from "../tls/go-names.ts";
import { readAuthorities } from "../tls/read-authorities.ts";
import { type Context, startFragment } from "./context.ts";

const clientAuthTypes = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/tls/tlsoption/ */
export const tlsOptionSchema = z.object({
  minVersion: z.string().optional(),
  maxVersion: z.string().optional(),
  cipherSuites: whole(z.array(z.string())).optional(),
  curvePreferences: whole(z.array(z.string())).optional(),
  clientAuth: z
    .object({
      secretNames: whole(z.array(z.string())).optional(),
      clientAuthType: z.enum(clientAuthTypes).optional(),
    })
    .optional(),
  sniStrict: z.boolean().optional(),
  alpnProtocols: whole(z.array(z.string().min(1).max(255))).optional(),
  disableSessionTickets: z.boolean().optional(),
  preferServerCipherSuites: z.boolean().optional(),
});
type TlsOptionSpec = z.output<typeof tlsOptionSchema>;

/** A TLSOption by itself: its problems, and its entry in the table: the one named `default` holds for all that name none. */
export const translateTlsOption: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  const options = readTlsOption(object, report, context);
  if (options === undefined) return fragment;
  if (object.metadata.name !== DEFAULT_TLS_OPTIONS || defaultTlsOption(context) === object) {
    fragment.table.tlsOptions[tlsOptionName(object)] = options;
  } else {
    report({
      code: "duplicate-default",
      severity: "error",
      path: ["metadata", "name"],
      message: "Another namespace has a TLSOption `default` as well, and there can be one; this one has no effect",
      hint: "Give it another name, and let the routes name it",
    });
  }
  return fragment;
};

/** The object that holds for routes that name none: of several that of the namespace `default`, else of the first. */
export function defaultTlsOption({ objects }: Pick<Context, "objects">): KubernetesObject | undefined {
  const named = [...objects.list("TLSOption")].filter(({ metadata }) => metadata.name === DEFAULT_TLS_OPTIONS);
  const rank = ({ metadata: { namespace = "" } }: KubernetesObject): string =>
    `${namespace === "default" ? 0 : 1}${namespace}`;
  return named.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

/** Its name in `Table.tlsOptions`. */
export const tlsOptionName = ({ metadata: { namespace = "", name } }: KubernetesObject): string =>
  name === DEFAULT_TLS_OPTIONS ? name : qualify(objectName(namespace, name));

/** What a TLSOption says. Undefined, with the problem reported, when less than it demands would hold. */
export function readTlsOption(object: KubernetesObject, report: Report, context: Context): TlsOptions | undefined {
  const spec = readSpec(tlsOptionSchema, object, report);
  if (spec === undefined) return undefined;
  for (const field of ["disableSessionTickets", "preferServerCipherSuites"] as const) {
    if (spec[field] === undefined) continue;
    const message = `\`${field}\` has no effect`;
    report({ code: "unsupported-field", severity: "notice", path: ["spec", field], message });
  }
  const names = readNames(spec, report);
  const clientAuth = readClientAuth(spec.clientAuth, object, report, context);
  if (names === undefined || clientAuth === undefined) return undefined;
  return {
    ...names,
    ...(spec.alpnProtocols !== undefined && { alpnProtocols: spec.alpnProtocols }),
    ...(spec.sniStrict !== undefined && { sniStrict: spec.sniStrict }),
    ...(clientAuth.mode !== undefined && { clientAuth }),
  };
}

function readNames(spec: TlsOptionSpec, report: Report): Partial<TlsOptions> | undefined {
  let isSound = true;
  const find = <T>(name: string, known: ReadonlyMap<string, T>, ...path: (string | number)[]): T | undefined => {
    const found = known.get(name);
    if (found !== undefined) return found;
    isSound = false;
    const hint = suggestName(name, [...known.keys()]);
    const message = `\`${name}\` is not one that there is`;
    report({ code: "invalid-field", severity: "error", path: ["spec", ...path], message, ...(hint && { hint }) });
    return undefined;
  };
  const list = (field: "cipherSuites" | "curvePreferences", known: ReadonlyMap<string, string>): string[] =>
    (spec[field] ?? []).flatMap((name, index) => find(name, known, field, index) ?? []);
  const minVersion = spec.minVersion ? find(spec.minVersion, tlsVersions, "minVersion") : undefined;
  const maxVersion = spec.maxVersion ? find(spec.maxVersion, tlsVersions, "maxVersion") : undefined;
  const cipherSuites = list("cipherSuites", tlsCipherSuites);
  const curvePreferences = list("curvePreferences", tlsCurves);
  if (minVersion !== undefined && maxVersion !== undefined && minVersion > maxVersion) {
    const message = "`maxVersion` is below `minVersion`: no connection could begin";
    report({ code: "invalid-field", severity: "error", path: ["spec", "maxVersion"], message });
    isSound = false;
  }
  if (!isSound) return undefined;
  return {
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(cipherSuites.length > 0 && { cipherSuites: [...new Set(cipherSuites)] }),
    ...(curvePreferences.length > 0 && { curvePreferences: [...new Set(curvePreferences)] }),
  };
}

type ClientAuth = NonNullable<TlsOptions["clientAuth"]>;

const modes: Readonly<Record<(typeof clientAuthTypes)[number], ClientAuth["mode"] | undefined>> = {
  NoClientCert: undefined,
  RequestClientCert: "request",
  RequireAnyClientCert: "require",
  VerifyClientCertIfGiven: "verifyIfGiven",
  RequireAndVerifyClientCert: "requireAndVerify",
};

/** Without a mode nothing is asked of clients. Undefined when what is asked cannot be. */
function readClientAuth(
  clientAuth: TlsOptionSpec["clientAuth"],
  { metadata: { namespace = "" } }: KubernetesObject,
  report: Report,
  { objects }: Context,
): ClientAuth | { mode?: undefined } | undefined {
  if (clientAuth === undefined) return {};
  const { secretNames = [], clientAuthType } = clientAuth;
  const path = ["spec", "clientAuth"];
  // Traefik asks for certificates by the type alone; to name authorities and no type can mean only one thing.
  const mode = modes[clientAuthType ?? (secretNames.length > 0 ? "RequireAndVerifyClientCert" : "NoClientCert")];
  if (mode === undefined) return {};
  const authorities: string[] = [];
  for (const [index, name] of secretNames.entries()) {
    const at = [...path, "secretNames", index];
    const refersTo = { kind: "Secret", namespace, name };
    const secret = objects.get("Secret", namespace, name);
    if (secret === undefined) {
      const message = `The Secret \`${name}\` does not exist in the namespace \`${namespace}\``;
      report({ code: "secret-not-found", severity: "error", path: at, message, refersTo });
      return undefined;
    }
    const { pem, fault } = readAuthorities(secret);
    if (pem === undefined || fault !== undefined) {
      const message = `The Secret \`${name}\` ${fault}`;
      report({ code: "certificate-unusable", severity: "error", path: at, message, refersTo });
      return undefined;
    }
    authorities.push(pem);
  }
  if (authorities.length === 0 && (mode === "requireAndVerify" || mode === "verifyIfGiven")) {
    const message = "Nothing says whose certificates are good";
    const hint = "Name Secrets with `ca.crt` in `secretNames`";
    report({ code: "invalid-field", severity: "error", path, message, hint });
    return undefined;
  }
  return { mode, authorities };
}
