import { plainAnswer } from "../edge/plain-answer.ts";
import { editResponse } from "../exchange/edit-response.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { isHopByHop } from "../exchange/hop-by-hop.ts";
import { invalid } from "./middleware-error.ts";
import { readBody } from "./read-body.ts";
import { redirectTo } from "./redirect.ts";

/** What an authentication server said. */
export interface Verdict {
  answer: Response;
  /** What of its body goes to a client who is refused. */
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
}

/**
 * Reads an answer as far as a limit asks for it, also one that lets pass.
 *
 * @param limit bytes; negative: none, and nothing is read
 * @param signal ends it
 * @returns what the client gets in place of all else when the body is too long (401) or cannot be read (500)
 */
export async function readVerdict(
  answer: Response,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<Verdict | Response> {
  if (limit < 0 || answer.body === null) return { answer, body: answer.body };
  try {
    const held = await readBody(answer.body, limit, signal);
    return held === undefined ? plainAnswer(401) : { answer, body: held.length === 0 ? null : held };
  } catch {
    return plainAnswer(500);
  }
}

/**
 * The server's answer as the client gets it.
 *
 * @param address what a Location is relative to; left out, it stays as it is
 */
export function refuse({ answer, body }: Verdict, address?: URL): Response {
  const refusal = new Response(body, answer);
  if (body instanceof Uint8Array) refusal.headers.delete("content-length");
  for (const name of [...refusal.headers.keys()]) if (isHopByHop(name)) refusal.headers.delete(name);
  const location = answer.headers.get("location");
  if (location !== null && address !== undefined && URL.canParse(location, address.href)) {
    refusal.headers.set("Location", new URL(location, address.href).href);
  }
  return refusal;
}

/**
 * Sends whoever has to log in to an address, with nothing of the server's own answer. As Traefik does by Go's
 * `http.Redirect`: 302 whatever the method, and an address without host is taken relative to the path that the
 * middleware sees. Throws `MiddlewareError` when no browser could go there.
 */
export function compileSignIn(address: string): (exchange: Exchange) => Response {
  const base = "http://signin.invalid";
  const url = URL.canParse(address, base) ? new URL(address, base) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(`${JSON.stringify(address)} is no address that a client can be sent to`);
  }
  if (url.origin !== base) return () => redirectTo(address, 302);
  return ({ path }) => {
    const { pathname, search, hash } = new URL(address, `${base}${path}`);
    // A path that begins with two slashes names a host to browsers, and the client chose it.
    return redirectTo(`${pathname.replace(/\/{2,}/g, "/")}${search}${hash}`, 302);
  };
}

/** Cookies of these names come from the server and from nobody else. */
export function addCookies(response: Response, said: Headers, names: readonly string[]): Response {
  const cookies = said.getSetCookie().filter((cookie) => names.includes(cookieName(cookie)));
  if (cookies.length === 0) return response;
  return editResponse(response, (edited) => {
    const others = edited.getSetCookie().filter((cookie) => !names.includes(cookieName(cookie)));
    edited.delete("Set-Cookie");
    for (const cookie of [...others, ...cookies]) edited.append("Set-Cookie", cookie);
  });
}

const cookieName = (cookie: string): string => cookie.slice(0, cookie.indexOf("=")).trim();
