import * as z from "zod";
import { readFields } from "../read-object.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/buffering/ */
export const bufferingSpec = z.object({
  maxRequestBodyBytes: z.int().optional(),
  memRequestBodyBytes: z.int().optional(),
  maxResponseBodyBytes: z.int().optional(),
  memResponseBodyBytes: z.int().optional(),
  retryExpression: z.string().optional(),
});

/** The limits are kept; nothing is held, and nothing is sent twice. */
export const readBuffering: ReadOptions = (value, place) => {
  const spec = readFields(bufferingSpec, value, place.path, place.report);
  if (spec === undefined) return undefined;
  for (const field of ["memRequestBodyBytes", "memResponseBodyBytes"] as const) {
    if (spec[field]) warn(field, "has no effect: bodies pass through the edge and are not held", undefined, place);
  }
  if (spec.retryExpression) {
    const hint = "Retries are a middleware of their own: `retry`";
    warn("retryExpression", "has no effect: a body that is not held cannot be sent twice", hint, place);
  }
  return {
    type: "buffering",
    maxRequestBodyBytes: spec.maxRequestBodyBytes ?? 0,
    maxResponseBodyBytes: spec.maxResponseBodyBytes ?? 0,
  };
};

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/compress/ */
const compressSpec = z.object({
  excludedContentTypes: z.array(z.string()).optional(),
  includedContentTypes: z.array(z.string()).optional(),
  minResponseBodyBytes: z.int().optional(),
  encodings: z.array(z.string()).optional(),
  defaultEncoding: z.string().optional(),
});

/** What it asks for is done after the Worker, whether or not it is asked for: it stands for no step of its own. */
export const readCompress: ReadOptions = (value, place) => {
  const spec = readFields(compressSpec, value ?? {}, place.path, place.report);
  if (spec === undefined) return undefined;
  place.report({
    code: "middleware-by-platform",
    severity: "notice",
    path: place.path,
    message: "Cloudflare compresses answers by itself, by what the client accepts; `compress` changes nothing of it",
    hint: "Compression Rules of the zone say what is compressed, and how",
  });
  for (const field of Object.keys(spec)) {
    warn(field, "has no effect: Cloudflare decides it", "A Compression Rule of the zone can say it", place);
  }
  return { type: "chain", middlewares: [] };
};

function warn(field: string, what: string, hint: string | undefined, { path, report }: OptionsPlace): void {
  report({
    code: "unsupported-field",
    severity: "warning",
    path: [...path, field],
    message: `\`${field}\` ${what}`,
    ...(hint === undefined ? {} : { hint }),
  });
}
