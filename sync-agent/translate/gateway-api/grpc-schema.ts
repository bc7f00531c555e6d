import * as z from "zod";
import { whole } from "../read-object.ts";
import type { Filter } from "./filter-schema.ts";
import { ruleSchema, valueMatchSchema } from "./route-schema.ts";

/** https://gateway-api.sigs.k8s.io/reference/spec/#grpcrouterule */
export const grpcRuleSchema = ruleSchema.omit({ timeouts: true, retry: true });

/** https://gateway-api.sigs.k8s.io/reference/spec/#grpcroutematch */
export const grpcMatchSchema = z.object({
  method: z
    .object({
      type: z.enum(["Exact", "RegularExpression"]).default("Exact"),
      service: z.string().default(""),
      method: z.string().default(""),
    })
    .optional(),
  headers: whole(z.array(valueMatchSchema)).default([]),
});
export type GrpcMatchSpec = z.output<typeof grpcMatchSchema>;

/** https://gateway-api.sigs.k8s.io/reference/spec/#grpcroutefilter */
export const grpcFilterTypes: readonly string[] = [
  "RequestHeaderModifier",
  "ResponseHeaderModifier",
  "RequestMirror",
  "ExtensionRef",
] satisfies Filter["type"][];
