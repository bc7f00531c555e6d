import type { Rule } from "../../../src/table/rule.ts";
import { type Place, within } from "../traefik/context.ts";
import type { GrpcMatchSpec } from "./grpc-schema.ts";
import { checkRegexp, type RouteMatch, readValues } from "./match-rule.ts";

type MethodSpec = NonNullable<GrpcMatchSpec["method"]>;

/** As Protocol Buffers name things, a service with its package (https://gateway-api.sigs.k8s.io/reference/spec/#grpcmethodmatch). */
const names = {
  service: /^\.?[a-z_][a-z_0-9]*(?:\.[a-z_][a-z_0-9]*)*$/i,
  method: /^[a-z_][a-z_0-9]*$/i,
} as const;

/**
 * Compiles a match; undefined, with the problem reported, when it cannot be. A call's path is `/service/method` (gRPC
 * over HTTP/2, Requests). That it is a POST is no condition: browsers ask with an OPTIONS whether they may call.
 */
export function readGrpcMatch({ method, headers: list }: GrpcMatchSpec, place: Place): RouteMatch | undefined {
  const path = method === undefined ? ANY_CALL : readMethod(method, within(place, "method"));
  const headers = readValues("headers", list, place);
  if (path === undefined || headers === undefined) return undefined;
  return {
    conditions: [...(path === ANY_CALL ? [] : [path]), ...headers],
    pathRule: path,
    isExactPath: path.type === "path",
    pathLength: method?.service.length ?? 0,
    methodLength: method?.method.length ?? 0,
    hasMethod: false,
    headers: headers.length,
    queryParams: 0,
    prefix: undefined,
  };
}

const ANY_CALL: Rule = { type: "pathPrefix", path: "/" };

function readMethod({ type, service, method }: MethodSpec, place: Place): Rule | undefined {
  const { path, report } = place;
  if (service === "" && method === "") {
    const message = "A match by method names neither a service nor a method";
    report({
      code: "invalid-field",
      severity: "error",
      path,
      message,
      hint: "Name one of them, or leave `method` out",
    });
    return undefined;
  }
  const parts = Object.entries({ service, method }).filter(([, value]) => value !== "");
  if (type === "RegularExpression") {
    if (!parts.every(([field, value]) => checkRegexp(value, within(place, field)))) return undefined;
    return { type: "pathRegexp", regexp: `^/${oneOf(service)}/${oneOf(method)}$` };
  }
  for (const [field, value] of parts) {
    if (names[field as keyof typeof names].test(value)) continue;
    const message = `\`${value.slice(0, 100)}\` is not the name of a gRPC ${field}`;
    report({ code: "invalid-field", severity: "error", path: [...path, field], message });
    return undefined;
  }
  if (service === "") return { type: "pathRegexp", regexp: `^/[^/]+/${method}$` };
  return method === ""
    ? { type: "pathPrefix", path: `/${service}`, segments: true }
    : { type: "path", path: `/${service}/${method}` };
}

const oneOf = (pattern: string): string => (pattern === "" ? "[^/]+" : `(?:${pattern})`);
