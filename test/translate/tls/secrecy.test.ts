import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCheck } from "../../../cli/commands/check.ts";
import { makeCertificate } from "../../../cli/dev/make-certificate.ts";
import { toRawData } from "../../../src/admin/rawdata.ts";
import { plan } from "../../../src/snapshot/plan.ts";
import { contentHash } from "../../../sync-agent/publish/content-hash.ts";
import { gateway, listener } from "../gateway-api/gateway-text.ts";
import { backends, tcpRoute, translateStreams } from "../traefik/stream-text.ts";
import { traefik } from "../translate-text.ts";

const [good, other] = await Promise.all([
  makeCertificate(["a.com"], Date.now()),
  makeCertificate(["b.com"], Date.now()),
]);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secret = (name: string, cert: string, key: string): string =>
  `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name }, data: { "tls.crt": base64(cert), "tls.key": base64(key) } })}\n`;
const names = ["good", "mixed", "unreadable", "swapped"];
const unreadable =
  "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5IGJ1dCBzZWNyZXQgYWxsIHRoZSBzYW1l\n-----END PRIVATE KEY-----";
const secrets =
  secret("good", good.cert, good.key) +
  secret("mixed", good.cert, other.key) +
  secret("unreadable", good.cert, unreadable) +
  secret("swapped", good.key, good.cert);
const refs = names.map((name) => `{ name: ${name} }`).join(", ");
const text = [
  ...names.map((name) =>
    tcpRoute(
      `{ match: "HostSNI(\`${name}.com\`)", services: [{ name: db, port: 80 }] }`,
      `tls: { secretName: ${name} }`,
      name,
    ),
  ),
  traefik(
    "TLSStore",
    "default",
    `{ certificates: [${names.map((name) => `{ secretName: ${name} }`).join(", ")}], defaultCertificate: { secretName: good } }`,
  ),
  traefik("TLSOption", "default", "clientAuth: { secretNames: [swapped] }"),
  traefik(
    "IngressRoute",
    "calls",
    `{ routes: [{ match: "Host(\`a.com\`)", kind: Rule, services: [{ name: db, port: 80, scheme: h2c }] }], tls: { secretName: good } }`,
  ),
  gateway(listener("tls", `tls: { certificateRefs: [${refs}] }`, 443, "TLS")),
  backends("TCP", 80, "db"),
  secrets,
].join("");

/** A part of each key that no other has, as it stands in its file, and of what the Secret has for it. */
const marks = [good.key, other.key, unreadable].flatMap((key) => {
  const secretPart = key.split("\n").at(key === unreadable ? 1 : 2) ?? "?";
  const half = Math.floor(base64(key).length / 2);
  return [secretPart.slice(0, 24), base64(key).slice(half, half + 30)];
});
const leaks = (value: string): string[] => marks.filter((mark) => value.includes(mark));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "secrecy-"));
  await writeFile(join(dir, "all.yaml"), text);
});
afterAll(() => rm(dir, { recursive: true }));

test("keys are in the relay's part of the table alone", async () => {
  const { table, problems } = translateStreams(text);
  expect(leaks(JSON.stringify(table))).toEqual(marks.slice(0, 1));
  expect(leaks(JSON.stringify({ ...table, certificates: {} }))).toEqual([]);

  expect(problems.filter(({ code }) => code === "certificate-unusable").length).toBeGreaterThanOrEqual(9);
  const { writes } = plan({ desired: table, publisher: "test", hash: contentHash });
  expect([...writes.values()].join("")).toContain("a.com");
  const check = await Promise.all([runCheck({ dir, json: true }), runCheck({ dir })]);
  expect(check[0].stdout).toContain("certificate-unusable");
  const told = {
    problems: JSON.stringify(problems),
    kv: [...writes].flat().join(""),
    rawdata: JSON.stringify(toRawData(table)),
    check: JSON.stringify(check),
  };
  for (const [place, value] of Object.entries(told)) expect([place, leaks(value)]).toEqual([place, []]);
});
