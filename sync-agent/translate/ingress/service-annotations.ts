import type * as z from "zod";
import type { KubernetesObject } from "../../source/kubernetes-object.ts";
import { type Report, readFields } from "../read-object.ts";
import { type StickyOptions, stickySchema } from "../sticky-cookie.ts";
import {
  type Annotation,
  annotationsOf,
  booleanOf,
  integerOf,
  listOf,
  reportUnknown,
  reportValue,
} from "./read-annotations.ts";

/** What a Service's annotations say about how an Ingress speaks to it. */
export interface ServiceOptions {
  scheme?: "http" | "https" | "h2c";
  passHostHeader?: boolean;
  sticky?: StickyOptions;
  serversTransport?: Annotation;
  middlewares?: { names: string[]; path: readonly string[] };
  nativeLB: boolean;
}

export const serviceAnnotations = [
  "service.serversscheme",
  "service.passhostheader",
  "service.sticky",
  "service.sticky.cookie",
  "service.sticky.cookie.name",
  "service.sticky.cookie.path",
  "service.sticky.cookie.domain",
  "service.sticky.cookie.secure",
  "service.sticky.cookie.httponly",
  "service.sticky.cookie.samesite",
  "service.sticky.cookie.maxage",
  "service.serverstransport",
  "service.middlewares",
  "service.nativelb",
  "service.nodeportlb",
];

export const isServiceAnnotation = (name: string): boolean => serviceAnnotations.includes(name);

/** Reads the annotations of a Service; `report` takes problems of the Service. */
export function readServiceOptions(service: KubernetesObject, report: Report): ServiceOptions {
  const annotations = annotationsOf(service);
  const misplaced = (name: string): string | undefined =>
    name.startsWith("router.") ? "it belongs to the Ingress" : undefined;
  reportUnknown(annotations, serviceAnnotations, "a Service", misplaced, report);
  const scheme = readScheme(annotations.get("service.serversscheme"), report);
  const passHostHeader = booleanOf(annotations.get("service.passhostheader"), report);
  const sticky = readSticky(annotations, report);
  const serversTransport = annotations.get("service.serverstransport");
  const middlewares = annotations.get("service.middlewares");
  const nodePort = annotations.get("service.nodeportlb");
  if (nodePort !== undefined && booleanOf(nodePort, report)) {
    report({
      code: "unsupported-field",
      severity: "warning",
      path: nodePort.path,
      message: "`service.nodeportlb` is not supported; requests go to the Pods themselves",
      hint: "Leave it out",
    });
  }
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(passHostHeader === undefined ? {} : { passHostHeader }),
    ...(sticky === undefined ? {} : { sticky }),
    ...(serversTransport === undefined ? {} : { serversTransport }),
    ...(middlewares === undefined ? {} : { middlewares: { names: listOf(middlewares), path: middlewares.path } }),
    nativeLB: booleanOf(annotations.get("service.nativelb"), report) ?? false,
  };
}

function readScheme(annotation: Annotation | undefined, report: Report): ServiceOptions["scheme"] {
  const value = annotation?.value.toLowerCase();
  if (annotation === undefined || value === undefined) return undefined;
  if (value === "http" || value === "https" || value === "h2c") return value;
  reportValue(annotation, "`http`, `https` or `h2c`", report);
  return undefined;
}

/** Any of the cookie's options asks for the cookie, as in Traefik. */
function readSticky(annotations: ReadonlyMap<string, Annotation>, report: Report): StickyOptions | undefined {
  const get = (name: string): Annotation | undefined => annotations.get(`service.sticky.cookie.${name}`);
  const isAsked = [...annotations.keys()].some((name) => name.startsWith("service.sticky.cookie."));
  const plain = annotations.get("service.sticky.cookie") ?? annotations.get("service.sticky");
  if (!(booleanOf(plain, report) ?? isAsked)) return undefined;
  const cookie = {
    name: get("name")?.value,
    path: get("path")?.value,
    domain: get("domain")?.value,
    secure: booleanOf(get("secure"), report),
    httpOnly: booleanOf(get("httponly"), report),
    sameSite: get("samesite")?.value,
    maxAge: integerOf(get("maxage"), report),
  } satisfies Record<keyof NonNullable<z.input<typeof stickySchema>["cookie"]>, unknown>;
  return readFields(stickySchema, { cookie }, [], ({ path, ...problem }) => {
    const field = String(path.at(-1) ?? "").toLowerCase();
    report({ ...problem, path: get(field)?.path ?? plain?.path ?? ["metadata", "annotations"] });
  });
}
