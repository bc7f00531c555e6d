import { readGrpcMatch } from "./grpc-match-rule.ts";
import { grpcFilterTypes, grpcMatchSchema, grpcRuleSchema } from "./grpc-schema.ts";
import { grpcPriorityOf } from "./precedence.ts";
import { readMatches } from "./read-matches.ts";
import { translateRoute } from "./translate-route.ts";

/**
 * A GRPCRoute (https://gateway-api.sigs.k8s.io/reference/spec/#grpcroute). Its routers are the edge's as well, where
 * calls of gRPC-Web come in.
 */
export const translateGrpcRoute = translateRoute({
  kind: "GRPCRoute",
  ruleSchema: grpcRuleSchema,
  readMatches: (list, rule) => readMatches(grpcMatchSchema, readGrpcMatch, list, rule),
  priorityOf: grpcPriorityOf,
  filterTypes: grpcFilterTypes,
  plainScheme: "h2c",
});
