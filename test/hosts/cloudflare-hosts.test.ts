import Cloudflare from "cloudflare";
import { expect, it } from "vitest";
import { createCloudflareHosts } from "../../sync-agent/hosts/cloudflare-hosts.ts";
import { createRequestBudget } from "../../sync-agent/publish/request-budget.ts";
import { createRestKv } from "../../sync-agent/publish/rest-kv.ts";
import { ACCOUNT, NAMESPACE, startCloudflareApi, TOKEN } from "../doubles/cloudflare-api/cloudflare-api.ts";

const never = new AbortController().signal;

/** All that an agent asks of Cloudflare, under one budget. */
async function open() {
  const api = await startCloudflareApi({
    get: async () => null,
    put: async () => {},
    delete: async () => {},
    list: async () => ({ keys: [], list_complete: true }),
  });
  let clock = 0;
  const sleep = async (ms: number): Promise<void> => {
    clock += ms;
  };
  const budget = createRequestBudget({ limit: 1_000, windowMs: 300_000, now: () => clock, sleep });
  const client = new Cloudflare({ apiToken: TOKEN, baseURL: api.url, logLevel: "off", maxRetries: 0 });
  return {
    api,
    /** Milliseconds that were waited for. */
    waited: () => clock,
    hosts: createCloudflareHosts({ client, accountId: ACCOUNT, worker: "sluice", now: () => clock, budget }),
    kv: createRestKv({
      ...{ client, accountId: ACCOUNT, namespaceId: NAMESPACE, budget, sleep },
      signal: never,
      random: () => 0,
      tries: 1,
    }),
  };
}

it.each([
  ["so long as it asks for", 120, 120_000],
  ["for some seconds when it does not say how long", undefined, 5_000],
])("one refusal for asking too much stops all who ask, %s", async (_, retryAfterSeconds, expected) => {
  const { api, hosts, kv, waited } = await open();
  try {
    const fault = { answer: 429, times: 1, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    api.fail({ ...fault, match: /\/workers\/domains/ });
    await expect(hosts.attached(["a.example.com"], never)).rejects.toMatchObject({ code: "transient" });
    expect([api.requests.length, waited()]).toEqual([1, 0]);
    await kv.get(["root/a"]);
    expect(waited()).toBe(expected);

    api.fail({ ...fault, match: /\/storage\/kv\// });
    await expect(kv.get(["root/a"])).rejects.toMatchObject({ code: "transient", status: 429 });
    expect(waited()).toBe(expected);
    await hosts.attached(["a.example.com"], never);
    expect(waited()).toBe(2 * expected);
  } finally {
    await api.close();
  }
});
