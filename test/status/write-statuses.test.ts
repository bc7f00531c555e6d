import { describe, expect, test } from "vitest";
import { ApiError } from "../../sync-agent/source/cluster/api-client.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import type { StatusContent } from "../../sync-agent/status/status-content.ts";
import { StatusWriter } from "../../sync-agent/status/write-statuses.ts";
import type { KubernetesApi } from "../doubles/kubernetes-api/kubernetes-api.ts";
import { app, gateway, route, toApp } from "../translate/gateway-api/gateway-text.ts";
import { applyText, startCluster, writesOf } from "./cluster.ts";
import { ManualClock } from "./manual-clock.ts";

const HTTP_ROUTE = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" };
const controllers = new Set(["sluice.dev/gateway-controller"]);

const content = (message: string, observedGeneration = 1): StatusContent => ({
  type: "route",
  parents: [
    {
      parentRef: { name: "main" },
      controllerName: "sluice.dev/gateway-controller",
      conditions: [{ type: "Accepted", status: "True", reason: "Accepted", message, observedGeneration }],
    },
  ],
  controllers,
});

async function setUp() {
  const { api, client } = await startCluster();
  applyText(api, gateway() + route([`{ ${toApp} }`]) + app);
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = { info: () => {}, warn: (_: object, message: string) => void lines.push(message) };
  const writer = new StatusWriter({ api: client, now: clock.now, log });
  const abort = new AbortController();
  const read = (): KubernetesObject => objectOf(api);
  /** Plans for the object as a watch has it, and writes. */
  const write = async (wanted: StatusContent, object = read()): Promise<number> => {
    const writes = writer.plan([{ object, content: wanted }]);
    for (const one of writes) await one.run(abort.signal);
    return writes.length;
  };
  return { api, clock, lines, read, write, writer, abort };
}

function objectOf(api: KubernetesApi, name = "app"): KubernetesObject {
  const object = api.get(HTTP_ROUTE, name);
  if (object === undefined) throw new Error(`there is no route ${name}`);
  return object;
}

const messageOf = (object: KubernetesObject): unknown => {
  const { parents } = object.status as { parents: { conditions: { message: string }[] }[] };
  return parents[0]?.conditions[0]?.message;
};

describe("writing a status", () => {
  test("changes /status alone, once", async () => {
    const { api, read, write } = await setUp();
    const before = read();
    expect(await write(content("a"))).toBe(1);
    expect(messageOf(read())).toBe("a");
    expect(read().spec).toEqual(before.spec);
    expect(read().metadata.generation).toBe(before.metadata.generation);
    expect(await write(content("a"))).toBe(0);
    expect(writesOf(api)).toEqual([
      "PATCH /apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/app/status",
    ]);
  });

  test("needs no second write before the watch has caught up, and builds on the first", async () => {
    const { read, write } = await setUp();
    const old = read();
    await write(content("a"), old);
    expect(await write(content("a"), old)).toBe(0);
    expect(await write(content("b"), old)).toBe(1);
    expect(messageOf(read())).toBe("b");
  });

  test("keeps what another wrote at the same time: the version has moved, and it is read again", async () => {
    const { api, read, write } = await setUp();
    const old = read();
    const foreign = {
      parentRef: { name: "mesh" },
      controllerName: "istio.io/gateway-controller",
      conditions: [],
    };
    api.apply({ ...old, status: { parents: [foreign] } } as KubernetesObject);
    await write(content("a"), old);
    expect(read().status).toMatchObject({ parents: [foreign, { controllerName: "sluice.dev/gateway-controller" }] });
  });

  test("says nothing of a generation that it was not computed for", async () => {
    const { api, read, write } = await setUp();
    const old = read();
    api.apply({ ...old, spec: { parentRefs: [{ name: "other" }] } } as KubernetesObject);
    await write(content("a"), old);
    expect(read().status).toBeUndefined();
  });

  test("gives up on an object that changes under every attempt", async () => {
    const { api, write } = await setUp();
    api.fail({ match: { resource: "httproutes", verb: "patch" }, answer: 409 });
    await expect(write(content("a"))).rejects.toMatchObject({ code: "conflict" });
    expect(writesOf(api)).toHaveLength(3);
  });

  test("an object that is gone is no matter", async () => {
    const { api, read, write } = await setUp();
    const old = read();
    api.delete(HTTP_ROUTE, "app");
    await expect(write(content("a"), old)).rejects.toMatchObject({ code: "not-found" });
  });

  test("what the server refuses is not tried again until something else is wanted", async () => {
    const { api, read, write } = await setUp();
    const fault = api.fail({ match: { resource: "httproutes", verb: "patch" }, answer: 422 });
    const object = read();
    const wanted = content("a");
    await expect(write(wanted, object)).rejects.toBeInstanceOf(ApiError);
    expect(await write(wanted, object)).toBe(0);
    fault.clear();
    expect(await write(content("b"), object)).toBe(1);
  });

  test("does not fight with another controller over the same status", async () => {
    const { api, clock, lines, read, write } = await setUp();
    const wanted = content("ours");
    const overwrite = (): void => {
      const { status, ...object } = read();
      const text = JSON.stringify(status).replace("ours", "theirs");
      api.apply({ ...object, status: JSON.parse(text) } as KubernetesObject);
    };
    let writes = await write(wanted);
    for (let minute = 0; minute < 60; minute += 1) {
      overwrite();
      for (let second = 0; second < 60; second += 5) {
        clock.time += 5_000;
        writes += await write(wanted);
      }
    }
    // Without waits there would be one a minute at the least, and one for each look at the most.
    expect(writes).toBeLessThan(20);
    expect(lines).toEqual(["another controller writes this status as well; is Traefik running beside this agent?"]);
    // What is really new is said at once.
    expect(await write(content("news"))).toBe(1);
  });

  test("an object that was made anew under its name is another", async () => {
    const { api, read, write } = await setUp();
    await write(content("a"));
    api.delete(HTTP_ROUTE, "app");
    applyText(api, route([`{ ${toApp} }`]));
    expect(await write(content("a"))).toBe(1);
    expect(messageOf(read())).toBe("a");
  });

  test("kinds without a status that is ours are passed over", async () => {
    const { writer, read } = await setUp();
    expect(writer.plan([{ object: { ...read(), kind: "Service" }, content: content("a") }])).toEqual([]);
  });
});
