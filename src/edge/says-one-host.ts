/** A registered name, an IPv4 address or a bracketed IPv6 address, and a port of 16 bits. */
const HOST =
  /^(?:[\w\-.~!$&'()+;=%]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?:[0-5]?\d{0,4}|6(?:[0-4]\d{3}|5(?:[0-4]\d\d|5(?:[0-2]\d|3[0-5])))))?$/;

/**
 * Whether a request says one host and nothing else. The runtime writes the Host header before the path without looking
 * at either: a slash in the header would move into the path, the target `*` (of `OPTIONS`) into the authority, and two
 * Hosts come joined by a comma.
 *
 * Source: RFC 9112, section 3.2 (the answer to any other is 400), with RFC 3986, section 3.2.2, without `*` and `,`.
 *
 * @param authority of the request's URL
 * @param header the Host header; null when there is none
 */
export const saysOneHost = (authority: string, header: string | null): boolean =>
  HOST.test(authority) && (header === null || header === authority || HOST.test(header));
