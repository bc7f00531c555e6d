import { describe, expect, it } from "vitest";
import { readFirstBytes } from "../../../relay/tcp/read-first-bytes.ts";

// The codes are those of PostgreSQL's documentation: 80877103 and 80877104.
const sslRequest = [0, 0, 0, 8, 4, 210, 22, 47];
const gssRequest = [0, 0, 0, 8, 4, 210, 22, 48];
const cancelRequest = [0, 0, 0, 16, 4, 210, 22, 46];

const read = (bytes: number[]) => readFirstBytes(Buffer.from(bytes));

describe("what a connection opens with", () => {
  it.each<[string, number[], string, number]>([
    ["PostgreSQL's question for TLS", sslRequest, "postgres-tls", 8],
    ["the same with more behind it", [...sslRequest, 22, 3], "postgres-tls", 8],
    ["PostgreSQL's question for GSSAPI", gssRequest, "postgres-gss", 8],
    ["PostgreSQL's cancel request", cancelRequest, "plain", 0],
    ["a startup message of PostgreSQL", [0, 0, 0, 8, 0, 3, 0, 0], "plain", 0],
    ["one that differs in its last byte", [...sslRequest.slice(0, 7), 49], "plain", 0],
    ["text", [...Buffer.from("EHLO a\r\n")], "plain", 0],
  ])("%s", (_, bytes, protocol, take) => {
    expect(read(bytes)).toEqual({ value: { protocol }, take });
  });

  it.each([sslRequest, gssRequest])("is not known before all of it has come: %j", (...request) => {
    for (let length = 0; length < request.length; length++) expect(read(request.slice(0, length))).toBeUndefined();
  });
});
