import * as z from "zod";
import { sourceCriterionSchema } from "../../../src/table/source-criterion.ts";
import { readFields } from "../read-object.ts";
import type { ReadOptions } from "./read-options.ts";
import { badSourceCriterion } from "./source-criterion.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/inflightreq/ */
export const inFlightReqSpec = z.object({
  amount: z.int().optional(),
  sourceCriterion: z.optional(sourceCriterionSchema),
});

export const readInFlightReq: ReadOptions = (value, { path, report }) => {
  const spec = readFields(inFlightReqSpec, value ?? {}, path, report);
  if (spec === undefined) return undefined;
  const { amount = 0, sourceCriterion } = spec;
  const reason = amount < 1 ? `an \`amount\` of ${amount} lets no request pass` : badSourceCriterion(sourceCriterion);
  if (reason !== undefined) {
    const message = `\`inFlightReq\` cannot be built: ${reason}`;
    report({ code: "middleware-invalid", severity: "error", path, message });
    return undefined;
  }
  const { ipStrategy, requestHeaderName, requestHost } = sourceCriterion ?? {};
  const namesSource = ipStrategy !== undefined || requestHeaderName || requestHost;
  return { type: "inFlightReq", amount, ...(namesSource && sourceCriterion && { sourceCriterion }) };
};
