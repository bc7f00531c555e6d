import type { StickyCookie } from "../../../src/table/service.ts";
import { parseGoDuration } from "../go-duration.ts";
import { stickyCookie } from "../sticky-cookie.ts";
import type { Place } from "../traefik/context.ts";
import type { RuleSpec } from "./route-schema.ts";

/**
 * The sticky cookie of a rule with session persistence (https://gateway-api.sigs.k8s.io/geps/gep-1619/). Undefined
 * when there is none, or, with the problem reported, when it asks for what is not supported.
 */
export function readSessionPersistence(
  session: RuleSpec["sessionPersistence"],
  serviceName: string,
  { path, report }: Place,
): StickyCookie | undefined {
  if (session === undefined) return undefined;
  const unsupported = (field: string, message: string): void =>
    report({ code: "unsupported-field", severity: "warning", path: [...path, field], message });
  if (session.type === "Header") {
    unsupported("type", "Sessions by header are not supported yet; requests are spread without them");
    return undefined;
  }
  if (session.idleTimeout !== undefined) unsupported("idleTimeout", "`idleTimeout` has no effect yet");
  const isPermanent = session.cookieConfig.lifetimeType === "Permanent";
  const lifetimeMs = session.absoluteTimeout === undefined ? undefined : parseGoDuration(session.absoluteTimeout);
  if (isPermanent && lifetimeMs === undefined) {
    const message = "A permanent cookie needs an `absoluteTimeout`, such as `24h`; it lasts for the browser's session";
    report({ code: "invalid-field", severity: "warning", path: [...path, "absoluteTimeout"], message });
  } else if (!isPermanent && session.absoluteTimeout !== undefined) {
    unsupported("absoluteTimeout", "`absoluteTimeout` has an effect only with `cookieConfig.lifetimeType: Permanent`");
  }
  const maxAge = isPermanent ? Math.ceil((lifetimeMs ?? 0) / 1000) : 0;
  const name = session.sessionName;
  return stickyCookie({ cookie: { ...(name ? { name } : {}), httpOnly: true, maxAge } }, serviceName);
}
