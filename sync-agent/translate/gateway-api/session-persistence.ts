import type { StickyCookie } from "../../../src/table/service.ts";
import { stickyCookie } from "../sticky-cookie.ts";
import { type Place, within } from "../traefik/context.ts";
import { readDuration } from "./duration.ts";
import type { RuleSpec } from "./route-schema.ts";

/** What a cookie's Path may hold (RFC 6265, section 4.1.1). */
const COOKIE_PATH = /^\/[!-:<-~]*$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
/** Headers by which messages are read and routed, or that are between edge and gateway. */
const TAKEN =
  /^(?:connection|content-.*|cookie|host|keep-alive|set-cookie|sluice-.*|te|trailer|transfer-encoding|upgrade|x-forwarded-.*)$/i;

export interface SessionScope {
  /** What a name is made of where the rule has none. */
  serviceName: string;
  /** The path prefix of the requests; undefined: any. */
  prefix: string | undefined;
}

/**
 * The session of a rule with session persistence (https://gateway-api.sigs.k8s.io/geps/gep-1619/). Undefined when there is
 * none, or, with the problem reported, when it cannot be had.
 */
export function readSessionPersistence(
  session: RuleSpec["sessionPersistence"],
  { serviceName, prefix }: SessionScope,
  place: Place,
): StickyCookie | undefined {
  if (session === undefined) return undefined;
  const absoluteTimeoutMs = readDuration(session.absoluteTimeout, within(place, "absoluteTimeout")) || undefined;
  const idleTimeoutMs = readDuration(session.idleTimeout, within(place, "idleTimeout")) || undefined;
  const times = {
    ...(absoluteTimeoutMs === undefined ? {} : { absoluteTimeoutMs }),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  };
  if (session.type === "Header") return inHeader(session.sessionName, serviceName, times, place);

  const isPermanent = session.cookieConfig.lifetimeType === "Permanent";
  if (isPermanent && absoluteTimeoutMs === undefined) {
    place.report({
      code: "invalid-field",
      severity: "warning",
      path: [...place.path, "absoluteTimeout"],
      message: "A permanent cookie needs an `absoluteTimeout`, such as `24h`; it lasts for the browser's session",
    });
  }
  const maxAge = isPermanent ? Math.ceil((absoluteTimeoutMs ?? 0) / 1000) : 0;
  const cookie = {
    httpOnly: true,
    maxAge,
    ...(session.sessionName ? { name: session.sessionName } : {}),
    path: prefix !== undefined && COOKIE_PATH.test(prefix) ? prefix : "/",
  };
  const sticky = stickyCookie({ cookie }, serviceName);
  return sticky && { ...sticky, ...times };
}

function inHeader(
  name: string | undefined,
  serviceName: string,
  times: Pick<StickyCookie, "absoluteTimeoutMs" | "idleTimeoutMs">,
  { path, report }: Place,
): StickyCookie | undefined {
  if (name && (!HEADER_NAME.test(name) || TAKEN.test(name))) {
    report({
      code: "invalid-field",
      severity: "warning",
      path: [...path, "sessionName"],
      message: `\`${name.slice(0, 60)}\` cannot be the header of a session; requests are spread without sessions`,
      hint: "Write a name of your own, such as `X-Session`",
    });
    return undefined;
  }
  const sticky = stickyCookie({ cookie: {} }, serviceName);
  return sticky && { ...sticky, name: name ? name.toLowerCase() : `x-session${sticky.name}`, inHeader: true, ...times };
}

/**
 * The session with a Pod of one of several backends: the session with the backend has the name, and both are needed to
 * stay with one Pod.
 */
export const podSession = (sticky: StickyCookie): StickyCookie => ({ ...sticky, name: `${sticky.name}-pod` });
