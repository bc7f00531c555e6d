import { plan } from "../src/snapshot/plan.ts";
import { emptyTable } from "../src/table/empty-table.ts";
import type { Table } from "../src/table/table.ts";
import { contentHash } from "../sync-agent/publish/content-hash.ts";

/**
 * Prints what a snapshot of very many routes weighs: the root must stay within 100 KiB and leaves within 128 KiB
 * for a million. Needs about 4 GiB: `node --max-old-space-size=6000 scripts/measure-root.ts 1000000`.
 */
const routes = Number(process.argv[2] ?? 100_000);
const routesOfHost = Number(process.argv[3] ?? 10);

const table: Table = { ...emptyTable(), entryPoints: { web: { port: 80 }, websecure: { port: 443 } } };
for (let index = 0; index < routes; index++) {
  const host = `shop-${Math.floor(index / routesOfHost)}.example.com`;
  const service = `shop-${Math.floor(index / routesOfHost)}-web-80`;
  const path = `/area-${index % routesOfHost}`;
  const name = `default-shop-${index}-3fe8b1a0c9d2e4f6${index}@kubernetescrd`;
  table.routers.push({
    name,
    entryPoints: ["websecure"],
    tls: true,
    rule: {
      type: "and",
      rules: [
        { type: "host", host },
        { type: "pathPrefix", path },
      ],
    },
    ruleText: `Host(\`${host}\`) && PathPrefix(\`${path}\`)`,
    priority: 50,
    tieBreaker: name,
    middlewares: [],
    service,
  });
  table.services[service] ??= {
    type: "loadBalancer",
    endpoints: service,
    scheme: "http",
    passHostHeader: true,
    transport: "gateway",
  };
  table.endpoints[service] ??= {
    endpoints: [
      { address: "10.0.0.1", port: 8080, state: "ready" },
      { address: "10.0.0.2", port: 8080, state: "ready" },
    ],
  };
}

const began = performance.now();
const { root, stats, problems } = plan({ desired: table, publisher: "measured", hash: contentHash });
console.log({
  routes,
  ...stats,
  routeBuckets: root.routes.length,
  endpointBuckets: root.endpoints.length,
  splitHosts: Object.keys(root.split).length,
  problems: problems.length,
  seconds: (performance.now() - began) / 1000,
});
