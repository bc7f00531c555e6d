import { describe, expect, it } from "vitest";
import { type PlaceRequest, placeEntryPoints } from "../../cli/dev/place-entry-points.ts";

const places = async (names: string[], request: Partial<PlaceRequest> = {}) => {
  const entryPoints = Object.fromEntries(names.map((name) => [name, { port: 80 }]));
  const found = await placeEntryPoints({ entryPoints, overrides: {}, isFree: async () => true, ...request });
  return found.map(({ name, host, port }) => `${name}=${host}:${port}`);
};

describe("without a configuration", () => {
  it("has the usual ports, and the next ones for other names", async () => {
    expect(await places(["web", "websecure", "admin", "toString"])).toEqual([
      "web=127.0.0.1:8787",
      "websecure=127.0.0.1:8788",
      "admin=127.0.0.1:8789",
      "toString=127.0.0.1:8790",
    ]);
  });

  it("passes over ports that are in use, but only for names without a usual port", async () => {
    const isFree = async (_: string, port: number) => port > 8790;
    expect(await places(["web", "admin"], { isFree })).toEqual(["web=127.0.0.1:8787", "admin=127.0.0.1:8791"]);
  });

  it("leaves overrides as they are, and out of the way of the others", async () => {
    const overrides = { web: { host: "0.0.0.0", port: 80 }, x: { host: "127.0.0.1", port: 8789 } };
    expect(await places(["web", "x", "y"], { overrides })).toEqual([
      "web=0.0.0.0:80",
      "x=127.0.0.1:8789",
      "y=127.0.0.1:8790",
    ]);
  });
});

describe("with a configuration", () => {
  const configured = {
    web: { host: "", port: 80 },
    websecure: { host: "127.0.0.2", port: 443 },
    traefik: { host: "", port: 8080 },
    any: { host: "::1", port: 0 },
  };

  it("moves system ports, past those that are named", async () => {
    expect(await places(["web", "websecure", "traefik", "any"], { configured })).toEqual([
      "web=127.0.0.1:8081",
      "websecure=127.0.0.2:8443",
      "traefik=127.0.0.1:8080",
      "any=::1:0",
    ]);
  });

  it("moves nothing that is overridden", async () => {
    const overrides = { web: { host: "127.0.0.1", port: 80 } };
    expect(await places(["web"], { configured, overrides })).toEqual(["web=127.0.0.1:80"]);
  });
});
