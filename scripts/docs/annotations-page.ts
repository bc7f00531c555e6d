import { ingressAnnotations } from "../../sync-agent/translate/ingress/match-annotation.ts";
import { ANNOTATION_PREFIX } from "../../sync-agent/translate/ingress/read-annotations.ts";
import { routerAnnotations } from "../../sync-agent/translate/ingress/router-annotations.ts";
import { serviceAnnotations } from "../../sync-agent/translate/ingress/service-annotations.ts";
import { httpAnnotations } from "../../sync-agent/translate/kubernetes/http-annotations.ts";
import { tcpAnnotations } from "../../sync-agent/translate/streams/tcp-annotations.ts";
import { splitAnnotations } from "../../sync-agent/translate/traefik/service-client-key.ts";
import { INGRESS_CLASS_ANNOTATION } from "../../sync-agent/translate/view-objects.ts";
import { code, page } from "./page.ts";

export function annotationsPage(): string {
  const list = (title: string, names: readonly string[]): string =>
    `## ${title}\n\n${names.map((name) => `- ${code(name)}\n`).join("")}`;
  const described = (title: string, names: Readonly<Record<string, string>>): string =>
    `## ${title}\n\n${Object.entries(names)
      .map(([name, what]) => `- ${code(`sluice.dev/${name}`)}: ${what}\n`)
      .join("")}`;
  const withPrefix = (names: readonly string[]): string[] => names.map((name) => `${ANNOTATION_PREFIX}${name}`);
  return page(
    "Annotations",
    `Annotations that are read, in any case. What they mean is [Traefik's](https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/). One that has no effect on Cloudflare is reported, and so is a name that is not in these lists.`,
    [
      list("On an Ingress", [INGRESS_CLASS_ANNOTATION, ...withPrefix(routerAnnotations)]),
      described("On an Ingress, Sluice's own", ingressAnnotations),
      list("On a Service that an Ingress names", withPrefix(serviceAnnotations)),
      list("On an IngressRoute", [INGRESS_CLASS_ANNOTATION]),
      described("On an IngressRoute, TraefikService or HTTPRoute with weights, Sluice's own", splitAnnotations),
      described("On a Service that a route of HTTP names, Sluice's own", httpAnnotations),
      described("On a Service that a route of TCP names, Sluice's own", tcpAnnotations),
    ],
  );
}
