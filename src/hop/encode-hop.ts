import type { Hop } from "./hop.ts";

/** First field of a packed hop, so that a gateway tells a layout that it does not know from a broken value. */
export const HOP_LAYOUT = "1";

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
  const packed =
    `${HOP_LAYOUT} ${hop.token} ${encodeField(hop.service)} ${hop.scheme} ${hop.port} ` +
    `${encodeField(hop.clientAddress)} ${encodeFlags(hop)} ` +
    `${hop.assigned.length === 0 ? EMPTY_FIELD : hop.assigned.join(",")} ${hop.generation}`;
  return hop.host === "" ? packed : `${packed} ${escapeField(hop.host)}`;
}

const encodeFlags = ({ trusted, mirror }: Hop): string =>
  trusted ? (mirror ? "tm" : "t") : mirror ? "m" : EMPTY_FIELD;

function encodeField(text: string): string {
  if (text === "") return EMPTY_FIELD;
  return text === EMPTY_FIELD ? "%2D" : escapeField(text);
}

const escapeField = (text: string): string =>
  PLAIN.test(text) ? text : text.toWellFormed().replace(NOT_PLAIN, encodeURIComponent);
