import { type HostileCase, verbatim } from "./hostile-case.ts";

/** Requests about which host they are for, as the edge meets them: to the gateway Host says nothing. */
export const hostCases: readonly HostileCase[] = [
  verbatim("no Host", "GET /case-000 HTTP/1.1\r\n\r\n"),
  verbatim("an empty Host", "GET /case-000 HTTP/1.1\r\nHost: \r\n\r\n"),
  verbatim("two Hosts", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com\r\nHost: other.example.com\r\n\r\n"),
  verbatim(
    "two equal Hosts",
    "GET /case-000 HTTP/1.1\r\nHost: victim.example.com\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim("two Hosts in one", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com, other.example.com\r\n\r\n", [
    "GET /case-000",
  ]),
  verbatim("a folded Host", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com\r\n other.example.com\r\n\r\n"),
  verbatim("a Host with a space before the colon", "GET /case-000 HTTP/1.1\r\nHost : victim.example.com\r\n\r\n"),
  verbatim("a Host with a path", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com/x\r\n\r\n"),
  verbatim("a Host with a query", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com?x\r\n\r\n"),
  verbatim("a Host with a fragment", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com#x\r\n\r\n"),
  verbatim("a Host with a user", "GET /case-000 HTTP/1.1\r\nHost: user:pw@victim.example.com\r\n\r\n"),
  verbatim(
    "a Host with a backslash",
    "GET /case-000 HTTP/1.1\r\nHost: victim.example.com\\@other.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim("a Host with a blank", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com other.example.com\r\n\r\n", [
    "GET /case-000",
  ]),
  verbatim("a Host with a port that is none", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com:x\r\n\r\n", [
    "GET /case-000",
  ]),
  verbatim("a Host with a port too large", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com:99999999\r\n\r\n", [
    "GET /case-000",
  ]),
  verbatim("a Host with NUL", "GET /case-000 HTTP/1.1\r\nHost: victim.example.com\x00.other\r\n\r\n"),
  verbatim("a Host with escapes", "GET /case-000 HTTP/1.1\r\nHost: victim%2eexample%2ecom\r\n\r\n", ["GET /case-000"], {
    host: "victim%2eexample%2ecom",
  }),
  verbatim("a Host with bytes over 127", "GET /case-000 HTTP/1.1\r\nHost: v\xefctim.example.com\r\n\r\n"),
  verbatim("a Host in brackets", "GET /case-000 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", ["GET /case-000"], {
    host: "[::1]:80",
  }),
  verbatim("a Host in brackets that do not close", "GET /case-000 HTTP/1.1\r\nHost: [::1\r\n\r\n"),
  verbatim("a Host of 64 KiB", `GET /case-000 HTTP/1.1\r\nHost: ${"a".repeat(65536)}\r\n\r\n`),
  verbatim(
    "absolute form with another Host",
    "GET http://other.example.com/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim(
    "absolute form with the Host",
    "GET http://victim.example.com/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim(
    "absolute form over https",
    "GET https://other.example.com/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim("absolute form without a Host", "GET http://other.example.com/case-000 HTTP/1.1\r\n\r\n"),
  verbatim(
    "absolute form of another scheme",
    "GET gopher://other.example.com/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim("absolute form with one slash", "GET http:/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n"),
  verbatim(
    "absolute form with a user",
    "GET http://user@other.example.com/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
  verbatim(
    "absolute form of the gateway",
    "GET http://gateway.internal/case-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
    ["GET /case-000"],
  ),
];

/** Targets that no edge sends, and two hops. */
export const gatewayCases: readonly HostileCase[] = [
  verbatim("absolute form", "GET http://other.example.com/case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("absolute form over https", "GET https://other.example.com/case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("absolute form of another scheme", "GET gopher://other.example.com/case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("a target without a slash", "GET case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("a target of an asterisk", "OPTIONS * HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("a fragment", "GET /a#/case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("bytes over 127 in a target", "GET /\xe9/case-000 HTTP/1.1\r\n{host}\r\n\r\n"),
  verbatim("two hops", "GET /case-000 HTTP/1.1\r\n{host}\r\n{host}\r\n\r\n"),
  verbatim("no hop", "GET /case-000 HTTP/1.1\r\nHost: gateway.internal\r\n\r\n"),
];
