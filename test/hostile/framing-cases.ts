import { type HostileCase, IN_A_CHUNK, SMUGGLED, WEBSOCKET_KEY } from "./hostile-case.ts";

/** A body that is a complete chunked one, and goes on. */
const CHUNKS_THEN_MORE = `0\r\n\r\n${SMUGGLED}`;

type Shape = [name: string, lines: string[], body: string, more?: Partial<HostileCase>];

const post = ([name, lines, body, more]: Shape): HostileCase => ({
  name,
  bytes: ["POST /case-000 HTTP/1.1", "{host}", ...lines, "", body].join("\r\n"),
  mayReach: ["POST /case-000"],
  ...more,
});

const LENGTH_OF_ALL = `Content-Length: ${CHUNKS_THEN_MORE.length}`;

/** Both framings in one request (RFC 9112, section 6.3). */
const twoFramings: Shape[] = [
  ["CL.TE", [LENGTH_OF_ALL, "Transfer-Encoding: chunked"], CHUNKS_THEN_MORE],
  ["TE.CL", ["Transfer-Encoding: chunked", "Content-Length: 4"], IN_A_CHUNK],
  ["CL.TE with a length of 0", ["Content-Length: 0", "Transfer-Encoding: chunked"], IN_A_CHUNK],
];

/** Each hides the encoding from one parser, beside a length that hides the rest from the other. */
const obfuscatedEncodings = [
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity, chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding:\tchunked",
  "Transfer-Encoding: chunked\t",
  "Transfer-Encoding:chunked",
  "Transfer-Encoding:  chunked ",
  " Transfer-Encoding: chunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\t: chunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding: \x00chunked",
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: CHUNKED",
  "tRANSFER-eNCODING: cHuNkEd",
  "Transfer-Encoding: chunked;q=1",
  "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding:\r\n chunked",
  "Transfer-Encoding: \r\n\tchunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding: chun\xc2\xadked",
  "Transfer-Encoding: ",
  "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
];

const show = (line: string): string => JSON.stringify(line).slice(1, -1);

const obfuscated = obfuscatedEncodings.flatMap((line): Shape[] => [
  [`TE.TE with a length: ${show(line)}`, [LENGTH_OF_ALL, line], CHUNKS_THEN_MORE, { passes: ["x"] }],
  [`TE.TE alone: ${show(line)}`, [line], IN_A_CHUNK, { passes: ["x"] }],
]);

const lengths = [
  "Content-Length: +5",
  "Content-Length: -5",
  "Content-Length: 0x5",
  "Content-Length: 5e0",
  "Content-Length: 5.0",
  "Content-Length: 5 5",
  "Content-Length: 5, 5",
  "Content-Length: 5, 6",
  "Content-Length: 05",
  "Content-Length: '5'",
  "Content-Length: ",
  "Content-Length: five",
  "Content-Length: 18446744073709551621",
  "Content-Length: 99999999999999999999999999999",
  "Content-Length : 5",
  " Content-Length: 5",
  "Content-Length:\r\n 5",
  "Content-Length: 5\r\nContent-Length: 5",
  "Content-Length: 5\r\nContent-Length: 6",
  "Content-Length: 0\r\nContent-Length: 5",
  "Content_Length: 5",
  "Content-Length\x00: 5",
  "Content-Length: 5\x00",
  "Content-Length: \x0b5",
  "Connection: Content-Length\r\nContent-Length: 5",
].map(
  (line): Shape => [
    `length: ${show(line)}`,
    [line],
    `12345${SMUGGLED}`,
    { mayReach: ["POST /case-000", "GET /smuggled-000"] },
  ],
);

const chunked = (name: string, body: string, more: Partial<HostileCase> = {}): Shape => [
  name,
  ["Transfer-Encoding: chunked"],
  body,
  more,
];
const chunks = [
  chunked("a chunk extension", `5;a=b\r\n12345\r\n0;c="d"\r\n\r\n`),
  chunked("a chunk extension with a bare line feed", `5;\n12345\r\n0\r\n\r\n${SMUGGLED}`),
  chunked("a chunk extension that quotes a line end", `5;a="\r\n0\r\n\r\n${SMUGGLED}"\r\n12345\r\n0\r\n\r\n`),
  chunked("a very long chunk extension", `5;${"a".repeat(100_000)}\r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk size with 0x", `0x5\r\n12345\r\n0\r\n\r\n`),
  chunked("a negative chunk size", `-5\r\n12345\r\n0\r\n\r\n`),
  chunked("a signed chunk size", `+5\r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk size with a blank before it", ` 5\r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk size with a blank behind it", `5 \r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk size over 64 bits", `10000000000000005\r\n12345\r\n0\r\n\r\n${SMUGGLED}`),
  chunked("a chunk size of all bits", `ffffffffffffffff\r\n12345\r\n0\r\n\r\n${SMUGGLED}`, { isCut: true }),
  chunked("an empty chunk size", `\r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk size that is none", `five\r\n12345\r\n0\r\n\r\n`),
  chunked("a chunk longer than its size", `3\r\n12345\r\n0\r\n\r\n${SMUGGLED}`),
  chunked("a chunk that bare line feeds end", `5\n12345\n0\n\n${SMUGGLED}`),
  chunked("a chunk size that a carriage return ends", `5\r12345\r\n0\r\n\r\n`),
  chunked("leading zeros in a chunk size", `00000000000000000005\r\n12345\r\n000\r\n\r\n`),
  chunked("trailers", `5\r\n12345\r\n0\r\nX-Trailer: 1\r\nContent-Length: 50\r\nHost: other\r\nSluice-Hop: x\r\n\r\n`),
  chunked("a trailer of no meaning", `5\r\n12345\r\n0\r\nX-Trailer: 1\r\n\r\n`),
  chunked("a trailer that is a request", `0\r\nGET /smuggled-000 HTTP/1.1\r\nHost: victim.example.com\r\n\r\n`),
  chunked("no last chunk", `5\r\n12345\r\n`, { isCut: true }),
  chunked("a last chunk of zeros with a request in its line", `000\r\n${SMUGGLED}`),
];

const hidden: Shape[] = [
  ["CL.0: a body that is a request", [`Content-Length: ${SMUGGLED.length}`], SMUGGLED],
  ["a body that is less than its length", ["Content-Length: 500"], SMUGGLED, { isCut: true }],
  [
    "a body that two requests follow",
    ["Content-Length: 5"],
    `12345${SMUGGLED}${SMUGGLED}`,
    {
      mayReach: ["POST /case-000", "GET /smuggled-000", "GET /smuggled-000"],
    },
  ],
  ["Expect, and the body at once", ["Expect: 100-continue", "Content-Length: 5"], "12345"],
  ["Expect of something unknown", ["Expect: a-miracle", "Content-Length: 5"], "12345"],
  ["Expect with a body that is a request", ["Expect: 100-continue", `Content-Length: ${SMUGGLED.length}`], SMUGGLED],
  [
    "Upgrade to WebSocket with a body that is a request",
    [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`,
      `Content-Length: ${SMUGGLED.length}`,
    ],
    SMUGGLED,
    { passes: ["sec-websocket-*"] },
  ],
  [
    "Upgrade to h2c with a body",
    ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Content-Length: 5"],
    "12345",
  ],
];

/** Requests about where they end. */
export const framingCases: readonly HostileCase[] = [
  ...twoFramings,
  ...obfuscated,
  ...lengths,
  ...chunks,
  ...hidden,
].map(post);
