import * as z from "zod";
import { compileAddressBlock } from "../../../src/rule/client-address.ts";
import type { TcpMiddleware } from "../../../src/table/tcp.ts";
import { nameOfObject } from "../distinct-name.ts";
import type { TranslateObject } from "../fragment.ts";
import { suggestName } from "../nearest-name.ts";
import { type Report, readFields, readSpec, whole } from "../read-object.ts";
import { startFragment } from "./context.ts";
import type { MiddlewareFamily } from "./use-middlewares.ts";

const allowListSchema = z.object({
  // One range less would only lock somebody out; but who wrote it would look for the reason elsewhere.
  sourceRange: whole(z.array(z.string())),
});

/** https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/tcp/middlewaretcp/ */
export const tcpMiddlewareSchemas = {
  ipAllowList: allowListSchema,
  /** Deprecated: the older name. */
  ipWhiteList: allowListSchema,
  inFlightConn: z.object({ amount: z.int().min(1, "must be 1 or more") }),
};

/** A MiddlewareTCP by itself: its problems. */
export const translateMiddlewareTcp: TranslateObject = (object, objects, settings) => {
  const { fragment, report, context } = startFragment(object, objects, settings);
  middlewaresOfTcp.build(object, report, context);
  return fragment;
};

export const middlewaresOfTcp: MiddlewareFamily = {
  kind: "MiddlewareTCP",
  nameOf: (object, context) => nameOfObject("tcpMiddlewares", object, context),
  build(object, report, context) {
    const { table } = context;
    const name = nameOfObject("tcpMiddlewares", object, context);
    if (Object.hasOwn(table.tcpMiddlewares, name)) return undefined;
    const spec = readSpec(z.record(z.string(), z.unknown()), object, report);
    const middleware = spec && readMiddleware(spec, report);
    if (middleware === undefined) return "middleware-invalid";
    table.tcpMiddlewares[name] = middleware;
    return undefined;
  },
};

function readMiddleware(spec: Record<string, unknown>, report: Report): TcpMiddleware | undefined {
  const types = Object.keys(spec);
  const [type] = types;
  const fail = (path: readonly (string | number)[], message: string, hint?: string): undefined =>
    void report({ code: "middleware-invalid", severity: "error", path, message, ...(hint !== undefined && { hint }) });
  if (type === undefined) return fail(["spec"], "The MiddlewareTCP has no type", suggestName("", typeNames));
  if (types.length > 1) {
    return fail(["spec"], `The MiddlewareTCP has several types: ${types.join(", ")}`, "Make one object of each");
  }
  const path = ["spec", type];
  switch (type) {
    case "ipAllowList":
    case "ipWhiteList": {
      const { sourceRange = undefined } = readFields(allowListSchema, spec[type], path, report) ?? {};
      if (sourceRange === undefined) return undefined;
      if (sourceRange.length === 0) return fail(path, "`sourceRange` is empty, so that nobody could pass");
      const bad = sourceRange.findIndex((block) => compileAddressBlock(block) === undefined);
      if (bad === -1) return { type: "ipAllowList", sourceRange };
      const message = `\`${sourceRange[bad]}\` is neither an IP address nor a CIDR block`;
      return fail([...path, "sourceRange", bad], message);
    }
    case "inFlightConn": {
      const { amount } = readFields(tcpMiddlewareSchemas.inFlightConn, spec[type], path, report) ?? {};
      return amount === undefined ? undefined : { type, amount };
    }
    default:
      return fail(path, `There is no middleware of connections of the type \`${type}\``, suggestName(type, typeNames));
  }
}

const typeNames = Object.keys(tcpMiddlewareSchemas);
