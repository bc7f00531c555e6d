import type { Handler } from "../exchange/exchange.ts";
import type { Middleware, MiddlewareOptions, MiddlewareType } from "../table/middleware.ts";
import { addPrefix } from "./add-prefix.ts";
import { basicAuth } from "./basic-auth.ts";
import { buffering } from "./buffering.ts";
import { chain } from "./chain.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import { contentType } from "./content-type.ts";
import { digestAuth } from "./digest-auth.ts";
import { encodedCharacters } from "./encoded-characters.ts";
import { errors } from "./errors.ts";
import { externalAuth } from "./external-auth.ts";
import { forwardAuth } from "./forward-auth.ts";
import { grpcWeb } from "./grpc-web.ts";
import { headerModifier } from "./header-modifier.ts";
import { headers } from "./headers.ts";
import { inFlightReq } from "./in-flight-req.ts";
import { ipAllowList } from "./ip-allow-list.ts";
import { jwt } from "./jwt.ts";
import type { BuildContext, MiddlewareFactory, Wrap } from "./middleware.ts";
import { invalid, MiddlewareError, nameMiddleware } from "./middleware-error.ts";
import { passTLSClientCert } from "./pass-tls-client-cert.ts";
import { rateLimit } from "./rate-limit.ts";
import { redirectRegex } from "./redirect-regex.ts";
import { redirectScheme } from "./redirect-scheme.ts";
import { replacePath } from "./replace-path.ts";
import { replacePathRegex } from "./replace-path-regex.ts";
import { requestRedirect } from "./request-redirect.ts";
import { retry } from "./retry.ts";
import { bareRuntime, type MiddlewareRuntime } from "./runtime.ts";
import { stripPrefix } from "./strip-prefix.ts";
import { stripPrefixRegex } from "./strip-prefix-regex.ts";
import { timeout } from "./timeout.ts";
import { urlRewrite } from "./url-rewrite.ts";

/** Every middleware that the edge has: one line each. */
export const factories: { readonly [T in MiddlewareType]: MiddlewareFactory<T> } = {
  addPrefix,
  basicAuth,
  buffering,
  chain,
  circuitBreaker,
  contentType,
  digestAuth,
  encodedCharacters,
  errors,
  externalAuth,
  forwardAuth,
  grpcWeb,
  headerModifier,
  headers,
  inFlightReq,
  ipAllowList,
  jwt,
  passTLSClientCert,
  rateLimit,
  redirectRegex,
  redirectScheme,
  replacePath,
  replacePathRegex,
  requestRedirect,
  retry,
  stripPrefix,
  stripPrefixRegex,
  timeout,
  urlRewrite,
};

/**
 * The middlewares of a leaf, each built when it is first asked for.
 *
 * @returns a look-up that throws `MiddlewareError` for an unknown name, a cycle, and options that cannot work
 */
export function buildMiddlewares(
  middlewares: Readonly<Record<string, Middleware>>,
  service: (name: string) => Handler,
  runtime: MiddlewareRuntime = bareRuntime(),
): (name: string) => Wrap {
  const built = new Map<string, Wrap>();
  const building = new Set<string>();
  const context: Omit<BuildContext, "name"> = { middleware, service, runtime };

  function middleware(name: string): Wrap {
    const known = built.get(name);
    if (known !== undefined) return known;
    const options = Object.hasOwn(middlewares, name) ? middlewares[name] : undefined;
    if (options === undefined) {
      throw new MiddlewareError("unknown-middleware", `There is no middleware ${name}`, { middleware: name });
    }
    if (building.has(name)) {
      throw new MiddlewareError("middleware-cycle", `The middleware ${name} contains itself`, { middleware: name });
    }
    building.add(name);
    try {
      const wrap = build(options.type, options, { ...context, name });
      built.set(name, wrap);
      return wrap;
    } catch (cause) {
      throw nameMiddleware(name, cause);
    } finally {
      building.delete(name);
    }
  }
  return middleware;
}

function build<T extends MiddlewareType>(type: T, options: MiddlewareOptions<T>, context: BuildContext): Wrap {
  // A newer agent may publish types that this Worker lacks.
  if (!Object.hasOwn(factories, type)) throw invalid(`There is no type of middleware named ${type}`);
  const factory: MiddlewareFactory<T> = factories[type];
  return factory.build(options, context);
}
