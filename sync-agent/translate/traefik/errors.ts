import * as z from "zod";
import type { Middleware } from "../../../src/table/middleware.ts";
import { nameOfObject } from "../distinct-name.ts";
import { readFields } from "../read-object.ts";
import { buildService } from "./build-service.ts";
import type { OptionsPlace } from "./read-options.ts";
import { serviceSchema } from "./service-schema.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/errorpages/ */
export const errorsSpec = z.object({
  status: z.array(z.string()).optional(),
  statusRewrites: z.record(z.string(), z.int()).optional(),
  service: serviceSchema,
  query: z.string().optional(),
  errorRequestHeaders: z.array(z.string()).optional(),
});

/** The pages' service is named as Traefik names it. Declared so that the circle of imports can meet it in any order. */
export function readErrors(value: unknown, place: OptionsPlace): Middleware | undefined {
  const { path, report, context, object } = place;
  const spec = readFields(errorsSpec, value, path, report);
  if (spec === undefined || !isUsable(spec, place)) return undefined;
  const { namespace = "" } = object.metadata;
  const ownName = nameOfObject("services", object, context, "-errorpage-service");
  const built = buildService(spec.service, { namespace, path: [...path, "service"], report }, context, ownName);
  if (built === undefined) return undefined;
  return {
    type: "errors",
    status: spec.status ?? [],
    statusRewrites: spec.statusRewrites ?? {},
    service: built.name,
    query: spec.query ?? "",
    ...(spec.errorRequestHeaders === undefined ? {} : { errorRequestHeaders: spec.errorRequestHeaders }),
  };
}

function isUsable({ status = [], statusRewrites = {} }: z.output<typeof errorsSpec>, place: OptionsPlace): boolean {
  const range = [...status, ...Object.keys(statusRewrites)].find((text) => !/^\d{3}(-\d{3})?$/.test(text));
  const rewrite = Object.values(statusRewrites).find((to) => !(to >= 200 && to <= 599));
  if (range === undefined && rewrite === undefined) return true;
  const message =
    range === undefined ? `${rewrite} is not a status` : `\`${range.slice(0, 50)}\` is no status and no range of them`;
  const hint = "Write it like `404` or `500-599`, each an element of its own";
  place.report({ code: "middleware-invalid", severity: "error", path: place.path, message, hint });
  return false;
}
