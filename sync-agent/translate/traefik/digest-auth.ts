import { readFields } from "../read-object.ts";
import { basicAuthSpec, readUserLines, reportUser } from "./basic-auth.ts";
import { findMiddlewareSecret, sealForEdge } from "./middleware-secret.ts";
import type { OptionsPlace, ReadOptions } from "./read-options.ts";

/** https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/digestauth/ */
export const digestAuthSpec = basicAuthSpec;

/** Users with what `htdigest` makes of their passwords, sealed. */
export const readDigestAuth: ReadOptions = (value, place) => {
  const spec = readFields(digestAuthSpec, value, place.path, place.report);
  if (spec === undefined) return undefined;
  const realm = spec.realm || "traefik";
  const users = readUsers(spec.secret, realm, place);
  const sealed = users && sealForEdge(JSON.stringify(users), place);
  if (sealed === undefined) return undefined;
  return {
    type: "digestAuth",
    users: sealed,
    realm,
    removeHeader: spec.removeHeader ?? false,
    ...(spec.headerField ? { headerField: spec.headerField } : {}),
  };
};

function readUsers(name: string, realm: string, place: OptionsPlace): string[] | undefined {
  const secret = findMiddlewareSecret(name, place);
  if (secret === undefined) return undefined;
  const usable = readUserLines(secret).filter((line) => {
    const [user, of, digest] = line.split(":");
    const isDigest = digest !== undefined && /^[0-9a-f]{32}$/i.test(digest) && line.split(":").length === 3;
    if (isDigest && of === realm) return true;
    const who = isDigest ? `The user \`${user}\`` : "A line";
    const reason = isDigest ? `is of the realm \`${of}\`, not \`${realm}\`` : "is not `user:realm:digest`";
    const hint = `Make it with \`htdigest FILE '${realm}' USER\``;
    reportUser(`${who} of the Secret \`${name}\` ${reason}`, place, hint);
    return false;
  });
  if (usable.length > 0) return usable;
  const message = `The Secret \`${name}\` holds no user who could log in`;
  const hint = "Its only key, or `users`, holds lines as `htdigest` writes them";
  place.report({ code: "middleware-invalid", severity: "error", path: [...place.path, "secret"], message, hint });
  return undefined;
}
