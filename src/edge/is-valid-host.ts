/** A registered name, an IPv4 address or a bracketed IPv6 address, and a port. */
const HOST = /^(?:[\w\-.~!$&'()*+;=%]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{0,5})?$/;

/**
 * Whether a Host header says one host and nothing else. The runtime puts whatever stands there before the path of
 * `request.url`, so that a slash in it would move into the path, and joins two Hosts by a comma.
 *
 * Source: RFC 9112, section 3.2 (the answer to any other is 400), with RFC 3986, section 3.2.2, without the comma.
 */
export const isValidHost = (host: string): boolean => HOST.test(host);
