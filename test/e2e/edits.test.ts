import { afterAll, beforeAll, expect, it } from "vitest";
import { type Backend, routeManifest, serviceManifest, startBackend } from "./backend.ts";
import { type Running, runManifests } from "./run-manifests.ts";
import { send } from "./send.ts";

let pod: Backend;
let other: Backend;
let running: Running;

beforeAll(async () => {
  [pod, other] = await Promise.all([startBackend("pod"), startBackend("other")]);
  running = await runManifests(
    serviceManifest("pod", [pod.port]) +
      serviceManifest("other", [other.port]) +
      routeManifest("steady", "Host(`steady.example.com`)", ["{ name: pod, port: 80 }"]),
  );
  await running.write(
    "edited.yaml",
    routeManifest("edited", "Host(`edited.example.com`)", ["{ name: pod, port: 80 }"]),
  );
});

afterAll(async () => {
  await running?.close();
  await Promise.all([pod?.close(), other?.close()]);
});

const ask = (host: string) => send(running.url("web"), "/", { host });

it("an edit is served by the next request", async () => {
  await running.write(
    "edited.yaml",
    routeManifest("edited", "Host(`edited.example.com`)", ["{ name: other, port: 80 }"]),
  );
  expect((await ask("edited.example.com")).body).toBe("other");
});

it("an edit that breaks a route under load fails no request of the others", async () => {
  let asking = true;
  const failures: string[] = [];
  let answered = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (asking && answered < 5000) {
      const answer = await ask("steady.example.com").catch((error: Error) => ({ status: 0, body: error.message }));
      answered++;
      if (answer.status !== 200) failures.push(`${answer.status} ${answer.body}`);
    }
  });

  const breakages = [
    ["rule-syntax", routeManifest("edited", "Host(`edited.example.com`", ["{ name: pod, port: 80 }"])],
    ["yaml-syntax", "kind: [IngressRoute\n  : {"],
    [
      "middleware-not-found",
      routeManifest(
        "edited",
        "Host(`edited.example.com`)",
        ["{ name: pod, port: 80 }"],
        "      middlewares: [{ name: nobody }]\n",
      ),
    ],
    ["not-an-object", "just a line of text\n"],
  ] as const;
  for (const [code, text] of breakages) {
    await running.write("edited.yaml", text);
    expect(running.problems().map((problem) => problem.code)).toContain(code);
  }
  await running.write(
    "edited.yaml",
    routeManifest("edited", "Host(`edited.example.com`)", ["{ name: other, port: 80 }"]),
  );
  expect(running.problems().filter((problem) => problem.severity === "error")).toEqual([]);
  asking = false;
  await Promise.all(load);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(0);
  expect((await ask("edited.example.com")).body).toBe("other");
});

it("a file that is not YAML for a while keeps its last good objects", async () => {
  await running.write("edited.yaml", "spec: [");
  expect((await ask("edited.example.com")).body).toBe("other");
});

it("a route whose middleware is missing is closed, not served without it, nor by a lower route", async () => {
  await running.write(
    "edited.yaml",
    routeManifest(
      "edited",
      "Host(`edited.example.com`) && PathPrefix(`/admin`)",
      ["{ name: other, port: 80 }"],
      "      middlewares: [{ name: nobody }]\n",
    ) + routeManifest("lower", "Host(`edited.example.com`)", ["{ name: pod, port: 80 }"]),
  );
  expect((await send(running.url("web"), "/admin", { host: "edited.example.com" })).status).toBe(503);
  expect((await ask("edited.example.com")).body).toBe("pod");
});
