import * as z from "zod";
import { ignorable } from "../read-object.ts";
import { stickySchema } from "../sticky-cookie.ts";
import { serviceSchema } from "./service-schema.ts";

/** Elements are read one by one, so that a bad child harms only itself and the others keep their places. */
const elements = z.array(z.unknown());
const weighted = z.object({ services: elements, sticky: ignorable(stickySchema) });

export const mirrorSchema = serviceSchema.extend({ percent: z.number().optional() });

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/traefikservice/ */
export const traefikServiceSchema = z.object({
  weighted: weighted.optional(),
  mirroring: serviceSchema
    .extend({
      mirrorBody: z.boolean().optional(),
      maxBodySize: z.int().optional(),
      mirrors: elements.optional(),
    })
    .optional(),
  failover: z
    .object({
      service: serviceSchema,
      fallback: serviceSchema,
      errors: ignorable(
        z.object({
          status: z
            .array(z.string().regex(/^\d{3}(-\d{3})?$/, "must be a status such as `502`, or a range: `500-599`"))
            .optional(),
          maxRequestBodyBytes: z.int().optional(),
        }),
      ),
      /** Traefik's way to let failures be seen from above: here they always are. */
      healthCheck: ignorable(z.object({})),
    })
    .optional(),
  highestRandomWeight: weighted.omit({ sticky: true }).optional(),
});
export type TraefikServiceSpec = z.output<typeof traefikServiceSchema>;
