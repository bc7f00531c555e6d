import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { refOf, type TranslateObject } from "../fragment.ts";
import { takesClass } from "../view-objects.ts";
import { startFragment } from "./context.ts";
import { classOf } from "./ingress-route.ts";

/** A kind that is known but not served yet: one warning an object, so that nobody waits for its traffic. */
export const unsupportedKind =
  (reason: string, hint?: string): TranslateObject =>
  (object, objects, settings) => {
    const { fragment, report } = startFragment(object, objects, settings);
    // Only routes have a class: with another one they are another controller's.
    const isTaken = !object.kind.startsWith("IngressRoute") || takesClass(settings.crd.ingressClass, classOf(object));
    if (isTaken) {
      const message = `${object.kind} is not supported yet: ${reason}`;
      report({ code: "unsupported-kind", severity: "warning", path: ["kind"], message, ...(hint && { hint }) });
    }
    return fragment;
  };

/** A kind of a protocol that an edge function cannot carry. */
export const leftToRelay = (protocol: "TCP" | "UDP"): TranslateObject =>
  unsupportedKind(
    `${protocol} routes come with the relay`,
    "It does no harm here: keep it, and leave its traffic with the proxy that serves it now",
  );

const unsupportedTcp = leftToRelay("TCP");

/** An IngressRouteTCP: besides that it is not served yet, the rules that could never match. */
export const translateIngressRouteTcp: TranslateObject = (object, objects, settings) => {
  const fragment = unsupportedTcp(object, objects, settings);
  if (fragment.problems.length === 0) return fragment;
  for (const { index, name } of hostSniWithoutTls(object)) {
    fragment.problems.push({
      code: "rule-needs-tls",
      severity: "warning",
      object: refOf(object),
      path: ["spec", "routes", index, "match"],
      message: `\`HostSNI(\`${name}\`)\` can match nothing without \`spec.tls\`: only TLS names its host`,
      hint: "Add `tls: {}` (or `tls: { passthrough: true }`), or match HostSNI(`*`)",
    });
  }
  return fragment;
};

/** The first host of each route that is decided by SNI, when the object has no `tls`. */
function hostSniWithoutTls({ spec }: KubernetesObject): { index: number; name: string }[] {
  const tls = fieldOf(spec, "tls");
  const routes = fieldOf(spec, "routes");
  if ((tls !== undefined && tls !== null) || !Array.isArray(routes)) return [];
  return routes.flatMap((route, index) => {
    const match = fieldOf(route, "match");
    const name = typeof match === "string" ? /HostSNI\(\s*["`]([^"`]+)["`]/i.exec(match)?.[1] : undefined;
    return name === undefined || name === "*" ? [] : [{ index, name }];
  });
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, field) ? Reflect.get(value, field) : undefined;
