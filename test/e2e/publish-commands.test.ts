import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cloudflare, startCloudflare } from "./start-cloudflare.ts";

let cloudflare: Cloudflare;
let dir: string;
beforeAll(async () => {
  cloudflare = await startCloudflare();
  dir = await mkdtemp(join(tmpdir(), "sluice-publish-"));
}, 60_000);
afterAll(async () => {
  await cloudflare?.close();
  await rm(dir, { recursive: true });
});

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

const sluice = (command: string, ...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["cli/sluice.ts", command, ...args, ...cloudflare.flags], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** A folder with a route for each host. */
const write = (...hosts: string[]): Promise<void> =>
  writeFile(
    join(dir, "routes.yaml"),
    hosts
      .map(
        (host) => `
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: { name: ${host.replaceAll(".", "-")}, namespace: default }
spec:
  entryPoints: [web]
  routes:
    - kind: Rule
      match: Host(\`${host}\`)
      services: [{ name: app, port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: app, namespace: default }
spec: { selector: { app: app }, ports: [{ port: 80 }] }
`,
      )
      .join("---"),
  );

const isRouted = async (host: string): Promise<boolean> => (await cloudflare.get(host)).text === "no available server";

it("a folder is compared, published, rolled back and released", async () => {
  await write("a.example.com", "b.example.com");
  const compared = await sluice("diff", dir);
  expect(compared).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\+ default-a-example-com-.*\n\+ default-b-/),
  });
  expect(await isRouted("a.example.com")).toBe(false);

  expect(await sluice("publish", dir)).toMatchObject({ code: 0, stdout: "published as generation 1\n" });
  await expect.poll(() => isRouted("b.example.com")).toBe(true);
  expect(await sluice("publish", dir)).toMatchObject({ code: 0, stdout: "unchanged: generation 1\n" });
  expect(await sluice("diff", dir)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^no change\n/) });

  await write("a.example.com", "c.example.com");
  expect(await sluice("publish", dir)).toMatchObject({ stdout: "published as generation 2\n" });
  await expect.poll(() => isRouted("c.example.com")).toBe(true);

  const back = await sluice("rollback", "1");
  expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining("generation 3 serves what generation 1 did") });
  await expect.poll(() => isRouted("b.example.com")).toBe(true);
  expect(await isRouted("c.example.com")).toBe(false);
  const held = await sluice("publish", dir);
  expect(held).toMatchObject({ code: 1, stderr: expect.stringContaining("pinned by a rollback") });

  const { stdout } = await sluice("history");
  expect(stdout.split("\n").map((line) => line.split(/\s+/)[0])).toEqual([
    "generation",
    "3",
    "2",
    "1",
    "",
    "pinned",
    "",
  ]);
  expect(await sluice("release")).toMatchObject({ stdout: "released: rolled back to generation 1\n" });
  expect(await sluice("publish", dir)).toMatchObject({ stdout: "published as generation 4\n" });
  await expect.poll(() => isRouted("c.example.com")).toBe(true);
}, 60_000);

it("a generation that is none is refused in one line", async () => {
  expect(await sluice("rollback", "99")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no such generation.*\n$/),
  });
  expect(await sluice("rollback", "first")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: first is no generation/),
  });
}, 30_000);

it("what cannot be read or written is one line, with what to do", async () => {
  const { clear } = cloudflare.api.fail({ answer: 403 });
  expect(await sluice("diff", dir)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: .*Workers KV Storage.*\n$/),
  });
  clear();
  await writeFile(join(dir, "routes.yaml"), "kind: [");
  expect(await sluice("publish", dir)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nothing was published"),
  });
}, 30_000);
