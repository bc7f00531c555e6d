import { parseTarget } from "../edge/parse-target.ts";
import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { equalBytes } from "../password/equal-bytes.ts";
import { md5 } from "../password/md5.ts";
import { fnv1a32 } from "../snapshot/fnv1a32.ts";
import { checkHeaderName } from "./check-header.ts";
import { createNonces, type Nonces } from "./digest-nonce.ts";
import { setOwnHeader } from "./drop-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { quoteParameter } from "./quote-parameter.ts";
import { createSealedValue } from "./sealed-value.ts";

/**
 * Traefik's digestAuth (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/digestauth/): RFC
 * 7616 with MD5 and the quality `auth`. Nonces are signed and not remembered, so that each isolate takes those of all
 * others; a request that was overheard can be sent again until its nonce ends. An unknown user costs as much as a known
 * one.
 */
export const digestAuth: MiddlewareFactory<"digestAuth"> = {
  type: "digestAuth",
  build({ users: sealedUsers, realm, removeHeader, headerField }, { runtime }) {
    if (headerField !== undefined) checkHeaderName(headerField);
    const challenge = `Digest realm=${quoteParameter(realm)}, qop="auth", algorithm=MD5`;
    const seed = fnv1a32(sealedUsers);
    const users = createSealedValue(sealedUsers, runtime, (text) => ({
      ...readSecrets(text, realm),
      nonces: createNonces(text, runtime.now),
    }));
    const refuse = async (nonces: Nonces, isStale: boolean): Promise<Response> => {
      const answer = plainAnswer(401);
      const stale = isStale ? ", stale=true" : "";
      answer.headers.set("WWW-Authenticate", `${challenge}, nonce="${await nonces.issue()}"${stale}`);
      return answer;
    };

    return (next) => async (exchange) => {
      const read = await users();
      if (read === undefined) return plainAnswer(503);
      const { secrets, all, nonces } = read;
      const given = readParameters(exchange);
      if (given === undefined || given.realm !== realm || !asksFor(given.uri, exchange)) return refuse(nonces, false);
      const { username, nonce } = given;
      const known = secrets.get(username);
      // Found for everybody: who is unknown costs as much, and is compared with the same other user each time.
      const other = all[fnv1a32(`${seed} ${username}`) % all.length];
      const secret = known ?? other ?? "";
      const isRight = equalBytes(bytesOf(responseOf(secret, exchange.request.method, given)), bytesOf(given.response));
      if (!isRight || known === undefined) return refuse(nonces, false);
      if (!(await nonces.isGood(nonce))) return refuse(nonces, true);
      if (exchange.access !== undefined) exchange.access.user = username;
      if (removeHeader) exchange.headers.delete("Authorization");
      if (headerField !== undefined) setOwnHeader(exchange, headerField, username);
      return next(exchange);
    };
  },
};

/** Of lines as `htdigest` writes them, `user:realm:MD5(user:realm:password)`, those of this realm. */
function readSecrets(text: string, realm: string): { secrets: ReadonlyMap<string, string>; all: readonly string[] } {
  const secrets = new Map<string, string>();
  for (const line of JSON.parse(text) as string[]) {
    const [user = "", of = "", secret = ""] = line.split(":");
    if (of === realm) secrets.set(user, secret.toLowerCase());
  }
  return { secrets, all: [...secrets.values()] };
}

const required = ["username", "realm", "nonce", "uri", "response", "nc", "cnonce"] as const;
type Parameters = Record<(typeof required)[number], string>;

/** A name begins at no other place than its first character: a header of one long word is read once, not from each letter. */
const PARAMETER = /(?<![\w-])([\w-]+) *= *(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** Undefined without credentials of this scheme and quality, or with some that are malformed. */
function readParameters({ headers }: Exchange): Parameters | undefined {
  const [, list] = /^digest (.*)$/is.exec(headers.get("authorization") ?? "") ?? [];
  if (list === undefined) return undefined;
  const given = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of list.matchAll(PARAMETER)) {
    given.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? token);
  }
  if (given.get("qop") !== "auth" || !/^md5$/i.test(given.get("algorithm") ?? "MD5")) return undefined;
  if (required.some((name) => !given.get(name))) return undefined;
  return Object.fromEntries(required.map((name) => [name, given.get(name) ?? ""])) as Parameters;
}

/** Whether the credentials are for the target that the client asked for; both in the form that URLs are compared in. */
function asksFor(uri: string, { request }: Exchange): boolean {
  const { path, query } = parseTarget(request.url);
  const meant = uri.startsWith("/") ? ANY_HOST + uri : uri;
  if (!URL.canParse(meant)) return false;
  const [one, other] = [new URL(meant), new URL(ANY_HOST + path + query)];
  return one.pathname === other.pathname && one.search === other.search;
}

/** A client may send a Host that no URL can have. */
const ANY_HOST = "http://any.invalid";

/** RFC 7616, section 3.4.1. */
const responseOf = (secret: string, method: string, { nonce, nc, cnonce, uri }: Parameters): string =>
  hex(`${secret}:${nonce}:${nc}:${cnonce}:auth:${hex(`${method}:${uri}`)}`);

const hex = (text: string): string =>
  Array.from(md5(bytesOf(text)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
