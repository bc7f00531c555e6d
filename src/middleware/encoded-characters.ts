import { plainAnswer } from "../edge/plain-answer.ts";
import type { MiddlewareFactory } from "./middleware.ts";

/** What each option lets through; `%25` and its like can mean another path to a service than to what guards it. */
const escapes = {
  allowEncodedSlash: "2F",
  allowEncodedBackSlash: "5C",
  allowEncodedNullCharacter: "00",
  allowEncodedSemicolon: "3B",
  allowEncodedPercent: "25",
  allowEncodedQuestionMark: "3F",
  allowEncodedHash: "23",
} as const;
const names = Object.keys(escapes) as (keyof typeof escapes)[];

/**
 * Traefik's encodedCharacters
 * (https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/encodedcharacters/): refuses paths with
 * percent-encoded characters that are not allowed.
 */
export const encodedCharacters: MiddlewareFactory<"encodedCharacters"> = {
  type: "encodedCharacters",
  build(options) {
    const refused = names.filter((name) => !options[name]).map((name) => escapes[name]);
    if (refused.length === 0) return (next) => next;
    const pattern = new RegExp(`%(?:${refused.join("|")})`, "i");
    return (next) => async (exchange) => (pattern.test(exchange.path) ? plainAnswer(400) : next(exchange));
  },
};
