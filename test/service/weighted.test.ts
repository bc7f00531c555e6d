import { describe, expect, it } from "vitest";
import type { Exchange } from "../../src/exchange/exchange.ts";
import type { Wrap } from "../../src/middleware/middleware.ts";
import type { Endpoints, Service, StickyCookie, Weighted } from "../../src/table/service.ts";
import { balancer, createHarness, down, failWith, type HarnessRequest } from "./service-harness.ts";

const cookie: StickyCookie = { name: "lvl1", path: "/", secure: false, httpOnly: false, maxAge: 0 };
const child = (service: string, weight: number) => ({
  service,
  weight,
  cookieValue: `hash-${service}`,
  legacyCookieValues: [`default-${service}-80`],
});

const services: Record<string, Service> = {
  a: balancer("a"),
  b: balancer("b"),
  c: balancer("c"),
  split: { type: "weighted", children: [child("a", 3), child("b", 1)] },
  sticky: { type: "weighted", children: [child("a", 1), child("b", 1)], sticky: cookie },
  drained: { type: "weighted", children: [child("a", 1), child("b", 0)], sticky: cookie },
  nested: {
    type: "weighted",
    children: [child("sticky", 1), child("c", 1)],
    sticky: { ...cookie, name: "lvl0" },
  },
};

const texts = async (harness: ReturnType<typeof createHarness>, name: string, count: number) => {
  const answers = [];
  for (let request = 0; request < count; request++) answers.push(await (await harness.ask(name)).text());
  return answers;
};

describe("a weighted service", () => {
  it("is exact in every window", async () => {
    const answers = await texts(createHarness({ services }), "split", 40);
    for (let start = 0; start + 4 <= answers.length; start++) {
      expect(answers.slice(start, start + 4).filter((answer) => answer === "a")).toHaveLength(3);
    }
  });

  it("leaves out a child that cannot serve", async () => {
    const harness = createHarness({ services, endpoints: { a: down } });
    expect(await texts(harness, "split", 4)).toEqual(["b", "b", "b", "b"]);
  });

  it("serves at weight 0 nobody new", async () => {
    expect(new Set(await texts(createHarness({ services }), "drained", 10))).toEqual(new Set(["a"]));
  });

  it("answers 503 with Traefik's text when no child can serve", async () => {
    const harness = createHarness({ services, endpoints: { a: down, b: down } });
    const exchange = harness.exchangeOf({});
    const response = await harness.service("split").handle(exchange);
    expect(response.status).toBe(503);
    expect(await response.text()).toBe("no available server");
    expect(exchange.failure).toBe("no-endpoint");
    expect(harness.service("split").canServe(exchange)).toBe(false);
    expect(harness.sent).toEqual([]);
  });

  it("asks for the endpoints of all that it may send to", () => {
    expect(createHarness({ services }).service("nested").endpointKeys).toEqual(["a", "b", "c"]);
  });
});

describe("a sticky session", () => {
  const ask = (harness: ReturnType<typeof createHarness>, name: string, cookies?: string) =>
    harness.ask(name, cookies === undefined ? {} : { headers: { cookie: cookies } });

  it("begins with a cookie", async () => {
    const response = await ask(createHarness({ services }), "sticky");
    expect(response.headers.getSetCookie()).toEqual([`lvl1=hash-${await response.text()}; Path=/`]);
  });

  it("keeps its child, and says nothing more", async () => {
    const harness = createHarness({ services });
    for (let request = 0; request < 5; request++) {
      const response = await ask(harness, "sticky", "x=1; lvl1=hash-b");
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.text()).toBe("b");
    }
  });

  it("keeps its child by the plain name, and rewrites it", async () => {
    const response = await ask(createHarness({ services }), "sticky", "lvl1=default-b-80");
    expect(response.headers.getSetCookie()).toEqual(["lvl1=hash-b; Path=/"]);
    expect(await response.text()).toBe("b");
  });

  it("keeps its child at weight 0", async () => {
    const harness = createHarness({ services, endpoints: { a: down } });
    expect(await (await ask(harness, "drained", "lvl1=hash-b")).text()).toBe("b");
    expect(harness.service("drained").canServe(harness.exchangeOf({ headers: { cookie: "lvl1=hash-b" } }))).toBe(true);
    expect(harness.service("drained").canServe(harness.exchangeOf({}))).toBe(false);
  });

  it.each([
    ["an unknown child", "lvl1=forged", {}],
    ["a child that cannot serve", "lvl1=hash-a", { a: down }],
  ])("with %s gets another and is told", async (_, cookies, endpoints) => {
    const response = await ask(createHarness({ services, endpoints }), "sticky", cookies);
    expect(response.headers.getSetCookie()).toEqual([`lvl1=hash-${await response.text()}; Path=/`]);
  });

  it("has a cookie at each level, beside those of the origin", async () => {
    const send = {
      a: () => {
        const response = new Response("a");
        response.headers.append("set-cookie", "own=1");
        response.headers.append("set-cookie", "own=2");
        return response;
      },
    };
    const response = await ask(createHarness({ services, send }), "nested", "lvl0=hash-sticky; lvl1=default-a-80");
    expect(response.headers.getSetCookie()).toEqual(["own=1", "own=2", "lvl1=hash-a; Path=/"]);
    const fresh = await ask(createHarness({ services, endpoints: { b: down, c: down }, send }), "nested");
    expect(fresh.headers.getSetCookie()).toEqual(["own=1", "own=2", "lvl1=hash-a; Path=/", "lvl0=hash-sticky; Path=/"]);
  });

  it.each<[Partial<StickyCookie>, string]>([
    [{}, "; Path=/"],
    [
      { path: "/shop", domain: "a.com", secure: true, httpOnly: true, sameSite: "none", maxAge: 60 },
      "; Path=/shop; Domain=a.com; Max-Age=60; HttpOnly; Secure; SameSite=None",
    ],
    [{ sameSite: "lax", maxAge: -1 }, "; Path=/; Max-Age=0; SameSite=Lax"],
    [{ sameSite: "strict" }, "; Path=/; SameSite=Strict"],
  ])("has the attributes of %j", async (change, attributes) => {
    const harness = createHarness({
      services: {
        a: balancer("a"),
        s: { type: "weighted", children: [child("a", 1)], sticky: { ...cookie, ...change } },
      },
    });
    expect((await ask(harness, "s")).headers.getSetCookie()).toEqual([`lvl1=hash-a${attributes}`]);
  });
});

describe("a weighted service by clients", () => {
  const split = (canary: number, change: Partial<Weighted> = {}): Record<string, Service> => ({
    stable: balancer("stable"),
    canary: balancer("canary"),
    w: {
      type: "weighted",
      clientKey: { type: "header", name: "x-user" },
      children: [
        { service: "stable", weight: 100 - canary, cookieValue: "s" },
        { service: "canary", weight: canary, cookieValue: "c" },
      ],
      ...change,
    },
  });
  const users = Array.from({ length: 400 }, (_, index) => `user-${index}`);

  const onCanary = async (services: Record<string, Service>, endpoints: Record<string, Endpoints> = {}) => {
    const { ask } = createHarness({ services, endpoints });
    const found = new Set<string>();
    for (const user of users) {
      if ((await (await ask("w", { headers: { "x-user": user } })).text()) === "canary") found.add(user);
    }
    return found;
  };

  it("moves nobody back while a share grows from 5 to 25 of 100", async () => {
    let before = new Set<string>();
    for (const share of [5, 10, 25]) {
      const now = await onCanary(split(share));
      expect([...before].filter((user) => !now.has(user))).toEqual([]);
      expect(Math.abs(now.size / users.length - share / 100)).toBeLessThan(0.03);
      before = now;
    }
  });

  it("keeps each client where it is, whatever the services are called and in what order they stand", async () => {
    const { w, ...services } = split(25);
    if (w?.type !== "weighted") throw new Error("it is no split");
    const renamed = { ...services, "canary-2": balancer("canary"), other: w };
    const children = w.children.map((child) =>
      child.service === "canary" ? { ...child, service: "canary-2" } : child,
    );
    const again = { ...renamed, w: { ...w, children: children.toReversed() } };
    const { ask } = createHarness({ services: again });
    for (const user of users.slice(0, 50)) {
      const [one, other] = await Promise.all(["w", "other"].map((name) => ask(name, { headers: { "x-user": user } })));
      expect((await one?.text())?.replace("-2", "")).toBe(await other?.text());
    }
  });

  it("gives the clients of a child that cannot serve to the others, and no others", async () => {
    const all = await onCanary(split(50));
    const without = await onCanary(split(50), { stable: down });
    expect(all.size).toBeLessThan(users.length);
    expect(without.size).toBe(users.length);
  });

  it("gives a child that stands there twice both its shares", async () => {
    const { w, ...services } = split(50);
    if (w?.type !== "weighted") throw new Error("it is no split");
    const [stable, canary] = w.children;
    if (stable === undefined || canary === undefined) throw new Error("it has no children");
    const found = await onCanary({ ...services, w: { ...w, children: [stable, canary, canary] } });
    expect(Math.abs(found.size / users.length - 2 / 3)).toBeLessThan(0.04);
  });

  it("lets a session go before it", async () => {
    const sticky = { name: "s", path: "/", secure: false, httpOnly: false, maxAge: 0 };
    const { ask } = createHarness({ services: split(0, { sticky }) });
    expect(await (await ask("w", { headers: { "x-user": "ada", cookie: "s=c" } })).text()).toBe("canary");
    const first = await ask("w", { headers: { "x-user": "ada" } });
    expect([await first.text(), first.headers.get("set-cookie")]).toEqual(["stable", "s=s; Path=/"]);
  });

  it("agrees with another split of the same children, at any level", async () => {
    const { w, ...services } = split(25);
    if (w?.type !== "weighted") throw new Error("it is no split");
    const { ask } = createHarness({
      services: { ...services, w, outer: { ...w, children: [{ service: "w", weight: 1, cookieValue: "w" }] } },
    });
    for (const user of users.slice(0, 50)) {
      const headers = { "x-user": user };
      expect(await (await ask("outer", { headers })).text()).toBe(await (await ask("w", { headers })).text());
    }
  });
});

describe("a child whose endpoints the gateway finds ill", () => {
  const ill = (exchange: Exchange) => failWith(exchange, "no-endpoint");

  it("gives its share to the others", async () => {
    const harness = createHarness({ services, send: { a: ill } });
    expect(await texts(harness, "split", 4)).toEqual(["b", "b", "b", "b"]);
    expect(harness.sent.map(({ service }) => service)).toContain("a");
  });

  it("gives up its sessions", async () => {
    const harness = createHarness({ services, send: { a: ill } });
    const answer = await harness.ask("sticky", { headers: { cookie: "lvl1=hash-a" } });
    expect([await answer.text(), answer.headers.get("set-cookie")]).toEqual(["b", "lvl1=hash-b; Path=/"]);
  });

  it("gives its share to the others also when the request was edited before", async () => {
    const editing = (exchange: Exchange): Response => {
      exchange.headers.set("X-Own", "1");
      return ill(exchange);
    };
    const children = [child("a", 1000), child("b", 1), child("spare", 1)];
    const harness = createHarness({
      services: { ...services, spare: balancer("spare"), three: { type: "weighted", children } },
      send: { a: editing, b: editing },
    });
    const exchange = harness.exchangeOf({});
    exchange.headers.set("X-Set", "by a middleware");
    expect(await (await harness.service("three").handle(exchange)).text()).toBe("spare");
    expect(exchange.failure).toBeUndefined();
    const asked = harness.sent.find(({ service }) => service === "spare")?.exchange.headers;
    expect([asked?.get("x-set"), asked?.get("x-own")]).toEqual(["by a middleware", null]);
  });

  it("gives its share to the others also when what it answered breaks off", async () => {
    const broken = () => new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    const breaking = (exchange: Exchange) => {
      exchange.failure = "no-endpoint";
      return new Response(broken(), { status: 503 });
    };
    const harness = createHarness({ services, send: { a: breaking } });
    expect(await texts(harness, "split", 2)).toEqual(["b", "b"]);
  });

  it("answers when all are", async () => {
    const harness = createHarness({ services, send: { a: ill, b: ill } });
    const exchange = harness.exchangeOf({});
    expect((await harness.service("split").handle(exchange)).status).toBe(502);
    expect([exchange.failure, harness.sent.length]).toEqual(["no-endpoint", 2]);
  });

  it.each<[string, HarnessRequest, Wrap]>([
    ["the request has a body", { body: "hello" }, (next) => next],
    [
      "it was changed on its way there",
      {},
      (next) => (exchange) => {
        exchange.headers.set("x-own", "1");
        return next(exchange);
      },
    ],
    [
      "its path was",
      {},
      (next) => (exchange) => {
        exchange.path = "/other";
        return next(exchange);
      },
    ],
  ])("answers when %s: nobody else could be asked the same", async (_, request, own) => {
    const harness = createHarness({
      services: {
        ...services,
        own: { type: "filtered", middlewares: ["own"], service: "a" },
        split: { type: "weighted", children: [child("own", 1000), child("b", 1)] },
      },
      middlewares: { own },
      send: { a: ill },
    });
    const exchange = harness.exchangeOf(request);
    await harness.service("split").handle(exchange);
    expect([exchange.failure, harness.sent.length]).toEqual(["no-endpoint", 1]);
  });
});

describe("a sticky session with times", () => {
  let now = 1_800_000_000_000;
  const timed: Service = {
    type: "weighted",
    children: [child("a", 1), child("b", 1)],
    sticky: { ...cookie, absoluteTimeoutMs: 60_000, idleTimeoutMs: 10_000 },
  };
  const inHeader: Service = { ...timed, sticky: { ...cookie, name: "x-session", inHeader: true } };
  const harness = createHarness({ services: { ...services, timed, inHeader }, context: { now: () => now } });

  it("goes on while it is used, each time told anew, until its time is over", async () => {
    const first = await harness.ask("timed");
    const begun = await first.text();
    let session = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    for (let i = 0; i < 5; i++) {
      now += 10_000;
      const answer = await harness.ask("timed", { headers: { cookie: session } });
      expect(await answer.text()).toBe(begun);
      session = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    }
    now += 10_000;
    const children = new Set<string>();
    for (let i = 0; i < 2; i++)
      children.add(await (await harness.ask("timed", { headers: { cookie: session } })).text());
    expect(children).toEqual(new Set(["a", "b"]));
  });

  it("is over when it was not used for long", async () => {
    const session = (await harness.ask("timed")).headers.getSetCookie()[0]?.split(";")[0] ?? "";
    now += 10_001;
    const children = new Set<string>();
    for (let i = 0; i < 2; i++)
      children.add(await (await harness.ask("timed", { headers: { cookie: session } })).text());
    expect(children).toEqual(new Set(["a", "b"]));
  });

  it("is told and read in a header where it asks for that", async () => {
    for (const of of ["a", "b", "a"]) {
      const answer = await harness.ask("inHeader", { headers: { "X-Session": `hash-${of}` } });
      expect([await answer.text(), answer.headers.get("x-session"), answer.headers.getSetCookie()]).toEqual([
        of,
        `hash-${of}`,
        [],
      ]);
    }
  });
});
