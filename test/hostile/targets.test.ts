import { afterAll, beforeAll, expect, it } from "vitest";
import { routeManifest, serviceManifest } from "../e2e/backend.ts";
import { type Running, runManifests } from "../e2e/run-manifests.ts";
import { sendRaw } from "./raw-client.ts";
import { type RawOrigin, startRawOrigin } from "./raw-origin.ts";

let origin: RawOrigin;
let admin: RawOrigin;
let running: Running;

beforeAll(async () => {
  [origin, admin] = await Promise.all([startRawOrigin(), startRawOrigin()]);
  running = await runManifests(
    serviceManifest("pod", [origin.port]) +
      serviceManifest("admin", [admin.port]) +
      routeManifest("all", "Host(`app.example.com`)", ["{ name: pod, port: 80 }"]) +
      routeManifest("admin", "Host(`app.example.com`) && PathPrefix(`/admin`)", ["{ name: admin, port: 80 }"]),
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([origin?.close(), admin?.close()]);
});

/** What comes of a target: the status, and the target that each origin got. */
async function ask(
  target: string,
  method = "GET",
): Promise<{ status: number | undefined; pod: string[]; admin: string[] }> {
  const port = Number(new URL(running.url("web")).port);
  const before = [origin.seen.length, admin.seen.length];
  const [answer] = await sendRaw(port, `${method} ${target} HTTP/1.1\r\nHost: app.example.com\r\n\r\n`, 0);
  const targets = ({ seen }: RawOrigin, from = 0) => seen.slice(from).map(({ line }) => line.replace(`${method} `, ""));
  expect([...origin.faults, ...admin.faults]).toEqual([]);
  return { status: answer?.status, pod: targets(origin, before[0]), admin: targets(admin, before[1]) };
}

it.each([
  ["/", "/"],
  ["/a/", "/a/"],
  ["//other.example.com/a", "/other.example.com/a"],
  ["/a//b", "/a/b"],
  ["/a/./b/../c", "/a/c"],
  ["/../../etc/passwd", "/etc/passwd"],
  ["/%2e%2e/a", "/a"],
  ["/a/%2E%2e/b", "/b"],
  ["/.%2e/a", "/a"],
  ["/a/..", "/"],
  ["/..;/a", "/..;/a"],
  ["/a/..;x=y/b", "/a/..;x=y/b"],
  ["/%252e%252e/a", "/%252e%252e/a"],
  ["/a%2Fb", "/a%2Fb"],
  ["/a%2fb", "/a%2Fb"],
  ["/a%2f..%2fb", "/a%2F..%2Fb"],
  ["/a%5cb", "/a%5Cb"],
  ["/a\\..\\b", "/a%5C..%5Cb"],
  ["/%41%7e%2D", "/A~-"],
  ["/%00", "/%00"],
  ["/a%23b%3Fc%3Bd%25e", "/a%23b%3Fc%3Bd%25e"],
  ["/caf%c3%a9%ff", "/caf%C3%A9%FF"],
  ["/a|b^{}", "/a%7Cb%5E%7B%7D"],
  ["/a;b=c,d", "/a;b=c,d"],
  ["/@other.example.com/:80", "/@other.example.com/:80"],
  ["/a?b=1;c=2&d", "/a?b=1;c=2&d"],
  ["/a?b=%zz&c=%41&d=%2f", "/a?b=%zz&c=%41&d=%2f"],
  ["/a?/../b//c", "/a?/../b//c"],
  ["/a??b", "/a??b"],
  ["/?", "/?"],
  // The runtime leaves a fragment out, where Traefik answers 400.
  ["/a#b", "/a"],
  ["/a?b#c", "/a?b"],
  // It takes what begins with no slash for nothing.
  ["a", "/"],
  ["http://other.example.com/a?b", "/a?b"],
  ["http://other.example.com", "/"],
  ["http://other.example.com?b", "/?b"],
])("the origin gets %s as %s", async (target, received) => {
  expect(await ask(target)).toEqual({ status: 200, pod: [received], admin: [] });
});

it.each([
  "/a%",
  "/a%2",
  "/a%zz",
  "/%u0041",
  "/%%32%65",
  "?a",
  "http:/a",
  "/a b",
  "/a\tb",
  "/\xe9",
  "/a\x7f",
  "/a?\xe9",
])("%j is answered 400", async (target) => {
  expect(await ask(target)).toEqual({ status: 400, pod: [], admin: [] });
});

it.each([
  "/admin",
  "/%61dmin",
  "//admin",
  "/./admin",
  "/x/../admin",
  "/x/%2e%2e/admin",
  "/x%2F/..//admin",
  "http://other.example.com/admin",
  "/admin/../admin",
])("no spelling takes a request around the route of /admin: %s", async (target) => {
  expect(await ask(target)).toEqual({ status: 200, pod: [], admin: ["/admin"] });
});

it("an asterisk is no path", async () => {
  expect(await ask("*", "OPTIONS")).toEqual({ status: 400, pod: [], admin: [] });
});
