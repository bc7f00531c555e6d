import { type JWTPayload, jwtVerify } from "jose";
import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { MiddlewareOptions } from "../table/middleware.ts";
import { compileForwardClaims, hasClaims } from "./jwt-claims.ts";
import { createFetchedKeys, type KeySet, type KeySource, namesUnknownKey, readKeySet } from "./jwt-keys.ts";
import type { BuildContext, MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { createSealedValue } from "./sealed-value.ts";

type Options = MiddlewareOptions<"jwt">;

/** Seconds by which an issuer's clock may differ. */
const CLOCK_TOLERANCE = 30;
/** Longer than any header that a Worker gets. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Tokens whose verdict is kept: verifying one costs more than routing its request. */
const KEPT_TOKENS = 1000;

/**
 * Bearer tokens (RFC 6750) that are signed JWTs (RFC 7519): verified by an issuer's key set or a shared secret, with the
 * issuer, audience and claims that are asked for.
 */
export const jwt: MiddlewareFactory<"jwt"> = {
  type: "jwt",
  build(options, context) {
    const source = keySource(options, context);
    const forward = compileForwardClaims(options.forwardClaims);
    const verify = createVerify(options, context.runtime.now);

    return (next) => async (exchange) => {
      const token = readToken(exchange);
      if (token === undefined) return refuse(401, "Bearer");
      const keys = await source.current(exchange);
      if (keys === undefined) return plainAnswer(503);
      const payload = await verify(token, keys, () => source.newer(exchange));
      if (payload === undefined) return refuse(401, 'Bearer error="invalid_token"');
      if (!hasClaims(payload, options.requiredClaims)) return refuse(403, 'Bearer error="insufficient_scope"');
      if (options.removeHeader) exchange.headers.delete("Authorization");
      forward(exchange, payload);
      return next(exchange);
    };
  },
};

function keySource({ keys, jwksUrl, service }: Options, { runtime, service: find }: BuildContext): KeySource {
  if (keys !== undefined) {
    const sealed = createSealedValue(keys, runtime, readKeySet);
    return { current: sealed, newer: async () => undefined };
  }
  if (jwksUrl === undefined || service === undefined) throw invalid("There is neither a key nor a URL of keys");
  const { now, timeout, report } = runtime;
  return createFetchedKeys({ url: new URL(jwksUrl), ask: find(service), now, timeout, report });
}

/** Undefined for a token that is not genuine, not for here, or not for now. */
function createVerify({ issuer, audience }: Options, now: () => number) {
  let genuine = new Map<string, JWTPayload>();
  let genuineBy: KeySet | undefined;

  async function verifyBy(token: string, { key, algorithms }: KeySet): Promise<JWTPayload> {
    const options = {
      algorithms: [...algorithms],
      currentDate: new Date(now()),
      clockTolerance: CLOCK_TOLERANCE,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience.length === 0 ? {} : { audience: [...audience] }),
    };
    const { payload } =
      typeof key === "function" ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options);
    return payload;
  }

  return async (
    token: string,
    keys: KeySet,
    newer: () => Promise<KeySet | undefined>,
  ): Promise<JWTPayload | undefined> => {
    // A token that was signed by a key that is gone must not live on.
    if (genuineBy !== keys) [genuine, genuineBy] = [new Map(), keys];
    const known = genuine.get(token);
    if (known !== undefined) return isInTime(known, now()) ? known : undefined;
    try {
      return keep(genuine, token, await verifyBy(token, keys));
    } catch (error) {
      const others = namesUnknownKey(error) ? await newer() : undefined;
      return others === undefined ? undefined : verifyBy(token, others).catch(() => undefined);
    }
  };
}

const isInTime = ({ exp, nbf }: JWTPayload, now: number): boolean =>
  (exp === undefined || exp > now / 1000 - CLOCK_TOLERANCE) &&
  (nbf === undefined || nbf <= now / 1000 + CLOCK_TOLERANCE);

function keep(tokens: Map<string, JWTPayload>, token: string, payload: JWTPayload): JWTPayload {
  if (tokens.size >= KEPT_TOKENS) {
    const oldest = tokens.keys().next();
    if (!oldest.done) tokens.delete(oldest.value);
  }
  tokens.set(token, payload);
  return payload;
}

function readToken({ headers }: Exchange): string | undefined {
  const [, token] = /^bearer +([\w.-]+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  return token === undefined || token.length > MAX_TOKEN_LENGTH ? undefined : token;
}

function refuse(status: number, challenge: string): Response {
  const answer = plainAnswer(status);
  answer.headers.set("WWW-Authenticate", challenge);
  return answer;
}
