import type { Hop, HopGuards } from "./hop.ts";

/** First field of a packed hop, so that a gateway tells a layout that it does not know from a broken value. */
export const HOP_LAYOUT = "1";
/** That of one with guards, a field more: a gateway that does not know them must not let the request pass. */
export const GUARDED_LAYOUT = "2";

/** Stands for an empty field: two spaces in a row would be one field less. */
export const EMPTY_FIELD = "-";

/** What stands as it is; everything else, `%` included, is percent-encoded UTF-8. */
const PLAIN = /^[!-$&-~]+$/;
const NOT_PLAIN = /[^!-$&-~]/gu;

/**
 * The value of `HOP_HEADER`: visible ASCII, fields separated by single spaces, the host last. An empty host leaves
 * its field out, since HTTP trims a value's end.
 */
export function encodeHop(hop: Hop): string {
  const { guards } = hop;
  const fields =
    `${hop.token} ${encodeField(hop.service)} ${hop.scheme} ${hop.port} ` +
    `${encodeField(hop.clientAddress)} ${encodeFlags(hop)} ` +
    `${hop.assigned.length === 0 ? EMPTY_FIELD : hop.assigned.join(",")} ${hop.generation}`;
  const packed =
    guards === undefined ? `${HOP_LAYOUT} ${fields}` : `${GUARDED_LAYOUT} ${fields} ${encodeGuards(guards)}`;
  return hop.host === "" ? packed : `${packed} ${escapeField(hop.host)}`;
}

const encodeFlags = ({ trusted, mirror, logged }: Hop): string => {
  const flags = trusted ? (mirror ? "tm" : "t") : mirror ? "m" : "";
  return (logged ? `${flags}l` : flags) || EMPTY_FIELD;
};

/** `<router>;<middleware>=<key>;<middleware>`: a key that is empty is left out with its sign. */
const encodeGuards = ({ router, list }: HopGuards): string =>
  [
    encodeWhole(router),
    ...list.map(({ middleware, key }) =>
      key === "" ? encodeWhole(middleware) : `${encodeWhole(middleware)}=${encodeWhole(key)}`,
    ),
  ].join(";");

const encodeWhole = (text: string): string => encodeURIComponent(text.toWellFormed());

function encodeField(text: string): string {
  if (text === "") return EMPTY_FIELD;
  return text === EMPTY_FIELD ? "%2D" : escapeField(text);
}

const escapeField = (text: string): string =>
  PLAIN.test(text) ? text : text.toWellFormed().replace(NOT_PLAIN, encodeURIComponent);
