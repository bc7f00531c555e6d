import { DEFAULT_TLS_OPTIONS } from "../../../src/table/tls.ts";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import type { ProblemCode } from "../problem-codes.ts";
import { type Context, type Place, silent } from "../traefik/context.ts";
import { findByName } from "../traefik/find-by-name.ts";
import { reportCrossNamespace } from "../traefik/report-cross-namespace.ts";
import { defaultTlsOption, readTlsOption, tlsOptionName } from "../traefik/tls-option.ts";

/** The TLSOption of a route, in the fragment now, without a name where there is none; or the code of what closes the route. */
export type UsedTlsOptions = { name?: string } | { closedBy: ProblemCode };

/**
 * Finds the TLSOption that a route names, or the one for routes that name none, and puts it into the fragment. TLS options may demand clients' certificates:
 * when they cannot be had the route is closed, where Traefik would serve it with the default ones.
 */
export function useTlsOptions(
  { name, namespace }: { name: string; namespace?: string | undefined },
  place: Place,
  context: Context,
): UsedTlsOptions {
  const { objects, settings, table } = context;
  const { report, path } = place;
  const fail = (code: ProblemCode, message: string, hint: string): UsedTlsOptions => {
    report({ code, severity: "error", path, message: `${message}; the routes are closed`, hint });
    return { closedBy: code };
  };
  const take = (object: KubernetesObject): UsedTlsOptions => {
    const options = readTlsOption(object, silent, context);
    if (options === undefined) {
      const message = `The TLSOption \`${object.metadata.name}\` cannot be used`;
      return fail("tls-option-invalid", message, "See the problems of the TLSOption itself");
    }
    const key = tlsOptionName(object);
    table.tlsOptions[key] = options;
    return { name: key };
  };
  if (name === DEFAULT_TLS_OPTIONS) {
    const standard = defaultTlsOption(context);
    return standard === undefined ? {} : take(standard);
  }
  const [, local = name, provider] = /^(.*)@([^@]*)$/.exec(name) ?? [];
  if (provider !== undefined && provider !== "kubernetescrd") {
    return fail("cross-provider-reference", `There is no provider \`${provider}\``, "Name a TLSOption object");
  }
  const isForeign = provider !== undefined || (namespace !== undefined && namespace !== place.namespace);
  if (isForeign && !settings.crd.allowCrossNamespace) {
    reportCrossNamespace(`the TLSOption \`${name}\``, place);
    return { closedBy: "cross-namespace-reference" };
  }
  const where = namespace ?? place.namespace;
  const object =
    provider === undefined
      ? objects.get("TLSOption", where, name)
      : findByName("TLSOption", local, objects, place.namespace);
  if (object === undefined) {
    const message = `The TLSOption \`${name}\` does not exist${provider === undefined ? ` in the namespace \`${where}\`` : ""}`;
    return fail("tls-option-not-found", message, "Create it, or leave `options` out");
  }
  return take(object);
}
