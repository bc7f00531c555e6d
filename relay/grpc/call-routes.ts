import { type CompileContext, compileLeaf, type LazyRoute } from "../../src/edge/compile-leaf.ts";
import type { RouteIndex } from "../../src/router/route-index.ts";
import type { Table } from "../../src/table/table.ts";

/** What calls are routed by. */
export type CallTable = Pick<
  Table,
  "entryPoints" | "routers" | "services" | "middlewares" | "endpoints" | "serversTransports"
>;

const parts = ["routers", "services", "middlewares"] as const;

/**
 * The routes of the newest table, compiled when the first call asks for them and kept until what they are made of
 * changes. All routers are among them, not only those that lead to gRPC: a closed one still shadows those below it.
 *
 * @param serves whether calls come in at an entry point
 */
export function createCallRoutes(
  serves: (entryPoint: string) => boolean,
  context: CompileContext,
): (table: CallTable) => RouteIndex<LazyRoute> {
  let compiled: { from: CallTable; index: RouteIndex<LazyRoute> } | undefined;
  return (table) => {
    if (compiled === undefined || parts.some((part) => compiled?.from[part] !== table[part])) {
      const { services, middlewares } = table;
      const routers = table.routers.filter(({ entryPoints }) => entryPoints.some(serves));
      compiled = { from: table, index: compileLeaf({ routers, services, middlewares }, context) };
    }
    return compiled.index;
  };
}
