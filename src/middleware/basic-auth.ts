import { plainAnswer } from "../edge/plain-answer.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { isPassword, type PasswordHash, parsePasswordHash } from "../password/password-hash.ts";
import { fnv1a32 } from "../snapshot/fnv1a32.ts";
import { checkHeaderName } from "./check-header.ts";
import { setOwnHeader } from "./drop-header.ts";
import type { MiddlewareFactory } from "./middleware.ts";
import { invalid } from "./middleware-error.ts";
import { quoteParameter } from "./quote-parameter.ts";
import { createSealedValue } from "./sealed-value.ts";

/**
 * Traefik's basicAuth (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/basicauth/),
 * RFC 7617. A user who does not exist costs as much as one who does: the password is compared with that of another.
 */
export const basicAuth: MiddlewareFactory<"basicAuth"> = {
  type: "basicAuth",
  build({ users: sealedUsers, realm, removeHeader, headerField }, { runtime }) {
    if (headerField !== undefined) checkHeaderName(headerField);
    const challenge = `Basic realm=${quoteParameter(realm)}`;
    const seed = fnv1a32(sealedUsers);
    const users = createSealedValue(sealedUsers, runtime, readUsers);

    return (next) => async (exchange) => {
      const credentials = readCredentials(exchange);
      if (credentials === undefined) return refuse(challenge);
      const read = await users();
      if (read === undefined) return plainAnswer(503);
      const { hashes, all } = read;
      const { user, password } = credentials;
      const known = hashes.get(user);
      // Always the same one for a name, which nobody can foretell who does not know what is sealed; found for everybody.
      const other = all[fnv1a32(`${seed} ${user}`) % all.length];
      const line = known ?? other;
      if (line === undefined) return refuse(challenge);
      const texts = [line.text, user, bytesAsText(password)];
      const isRight = await runtime.verdicts.check(texts, () => isPassword(password, line.hash));
      if (!isRight || known === undefined) return refuse(challenge);
      if (exchange.access !== undefined) exchange.access.user = user;
      if (removeHeader) exchange.headers.delete("Authorization");
      if (headerField !== undefined) setOwnHeader(exchange, headerField, user);
      return next(exchange);
    };
  },
};

interface UserLine {
  readonly text: string;
  readonly hash: PasswordHash;
}

function readUsers(text: string): { hashes: ReadonlyMap<string, UserLine>; all: readonly UserLine[] } {
  const hashes = new Map<string, UserLine>();
  for (const line of JSON.parse(text) as string[]) {
    const colon = line.indexOf(":");
    const hash = parsePasswordHash(line.slice(colon + 1));
    if (hash === undefined) throw invalid("A user's password is not hashed in a known way");
    hashes.set(line.slice(0, colon), { text: line, hash });
  }
  return { hashes, all: [...hashes.values()] };
}

interface Credentials {
  user: string;
  password: Uint8Array<ArrayBuffer>;
}

/** Undefined without credentials of this scheme, or with some that are malformed. */
function readCredentials({ headers }: Exchange): Credentials | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(headers.get("authorization") ?? "") ?? [];
  if (encoded === undefined || encoded.length % 4 === 1) return undefined;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const colon = bytes.indexOf(0x3a);
  if (colon === -1) return undefined;
  return { user: new TextDecoder().decode(bytes.subarray(0, colon)), password: bytes.slice(colon + 1) };
}

/** One character for each byte: bytes that are not UTF-8 differ as well. */
const bytesAsText = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function refuse(challenge: string): Response {
  const answer = plainAnswer(401);
  answer.headers.set("WWW-Authenticate", challenge);
  return answer;
}
