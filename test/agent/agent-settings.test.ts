import { describe, expect, it } from "vitest";
import { agentFlags } from "../../cli/commands/agent-flags.ts";
import { readFlags } from "../../cli/commands/read-flags.ts";
import { type FlagValues, readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";

const needed = {
  "account-id": "acc",
  "kv-namespace-id": "kv",
  "api-token-file": "/token",
  "feed-token-file": "/feed",
  "feed-cert-file": "/crt",
  "feed-key-file": "/key",
};

const read = (flags: FlagValues, env: Record<string, string> = {}) =>
  readAgentSettings({ ...needed, ...flags }, { env, hostName: "node-1" });

describe("agent settings", () => {
  it("have the documented defaults", () => {
    expect(read({})).toEqual({
      cluster: {},
      configFile: undefined,
      namespaces: undefined,
      publisher: "default",
      sealKeyFile: undefined,
      cloudflare: {
        accountId: "acc",
        kvNamespaceId: "kv",
        apiToken: { file: "/token" },
        apiUrl: undefined,
        admin: undefined,
      },
      feed: {
        listen: { host: "0.0.0.0", port: 9443 },
        tokenFile: "/feed",
        tls: { certFile: "/crt", keyFile: "/key" },
      },
      operations: { host: "0.0.0.0", port: 9090 },
      lease: { name: "sluice-agent", namespace: undefined },
      identity: "node-1",
      throttleMs: undefined,
      maxLoss: 0.5,
      allowLoss: false,
      worker: "sluice",
      manageHosts: false,
      writesStatuses: true,
      statusAddress: undefined,
      isDryRun: false,
      logLevel: "info",
    });
  });

  it.each([
    ["no lease", { lease: false }, { lease: undefined }],
    ["a list of namespaces", { namespaces: "a, b,," }, { namespaces: ["a", "b"] }],
    ["an empty list of namespaces", { namespaces: "," }, { namespaces: undefined }],
    ["no throttle", { throttle: "0" }, { throttleMs: 0 }],
    ["a throttle in Go's form", { throttle: "1m1s" }, { throttleMs: 61_000 }],
    ["a share with its sign", { "max-loss": "12.5%" }, { maxLoss: 0.125 }],
    ["an IPv6 address", { operations: "[::]:9" }, { operations: { host: "::", port: 9 } }],
    [
      "an admin API",
      { "admin-url": "https://a.b", "admin-key-file": "/k" },
      { cloudflare: expect.objectContaining({ admin: { url: "https://a.b", keyFile: "/k" } }) },
    ],
    ["no statuses", { status: false }, { writesStatuses: false }],
    [
      "a plain feed on loopback",
      { feed: "127.0.0.1:0", "feed-cert-file": undefined, "feed-key-file": undefined },
      { feed: { listen: { host: "127.0.0.1", port: 0 }, tokenFile: "/feed", tls: undefined } },
    ],
    [
      "a dry run without a feed",
      { "dry-run": true, "feed-token-file": undefined, "feed-cert-file": undefined, "feed-key-file": undefined },
      { isDryRun: true },
    ],
  ])("take %s", (_, flags, expected) => {
    expect(read(flags)).toMatchObject(expected);
  });

  it("take Cloudflare's own variables", () => {
    const env = { CLOUDFLARE_ACCOUNT_ID: "from-env", CLOUDFLARE_API_TOKEN: "secret" };
    expect(read({ "account-id": undefined, "api-token-file": undefined }, env).cloudflare).toMatchObject({
      accountId: "from-env",
      apiToken: { text: "secret" },
    });
  });

  it.each([
    ["--throttle soon", { throttle: "soon" }],
    ["--throttle -1s", { throttle: "-1s" }],
    ["--max-loss 101", { "max-loss": "101" }],
    ["--max-loss all", { "max-loss": "all" }],
    ["--log-level loud", { "log-level": "loud" }],
    ["--operations 9090", { operations: "9090" }],
    ["--feed 0.0.0.0:1/udp", { feed: "0.0.0.0:1/udp" }],
    ["--admin-url", { "admin-url": "https://a.b" }],
    ["--admin-url worker", { "admin-url": "worker", "admin-key-file": "/k" }],
    ["--feed-cert-file", { "feed-cert-file": undefined }],
    ["the feed carries keys", { "feed-cert-file": undefined, "feed-key-file": undefined }],
    ["--feed-token-file", { "feed-token-file": undefined }],
    ["--account-id", { "account-id": undefined }],
    ["--kv-namespace-id", { "kv-namespace-id": undefined }],
    ["--api-token-file", { "api-token-file": undefined }],
    ["--no-feed", { feed: false }],
    ["--config needs a value", { config: "" }],
  ])("refuse: %s", (message, flags) => {
    expect(() => read(flags)).toThrow(message);
  });
});

describe("flags", () => {
  it("go before the environment", () => {
    const env = { SLUICE_LOG_LEVEL: "debug", SLUICE_PUBLISHER: "env", SLUICE_DRY_RUN: "true", SLUICE_NO_STATUS: "1" };
    expect(readFlags({ _: [], publisher: "flag" }, agentFlags, env)).toMatchObject({
      publisher: "flag",
      "log-level": "debug",
      "dry-run": true,
      status: false,
      feed: undefined,
    });
  });

  it("can be denied in the environment", () => {
    expect(readFlags({ _: [] }, agentFlags, { SLUICE_NO_LEASE: "true" }).lease).toBe(false);
  });

  it.each([
    ["there is no flag --thorttle", { _: [], thorttle: "2s" }, {}],
    ["without a flag: folder", { _: ["folder"] }, {}],
    ["SLUICE_DRY_RUN=maybe", { _: [] }, { SLUICE_DRY_RUN: "maybe" }],
  ])("are refused: %s", (message, given, env) => {
    expect(() => readFlags(given, agentFlags, env)).toThrow(message);
  });
});
