import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import * as z from "zod";
import { checkFolder } from "../../cli/check/check-folder.ts";
import { agentFlags } from "../../cli/commands/agent-flags.ts";
import { readFlags } from "../../cli/commands/read-flags.ts";
import { relayArgs } from "../../cli/commands/relay.ts";
import { readRelaySettings } from "../../cli/commands/relay-flags.ts";
import { chartNodeOptions } from "../../scripts/bench/chart-node-options.ts";
import { readAgentSettings } from "../../sync-agent/agent/agent-settings.ts";
import { followedResources } from "../../sync-agent/source/known-kinds.ts";
import type { KubernetesObject } from "../../sync-agent/source/kubernetes-object.ts";
import { CHART, find, helm, render } from "./helm.ts";

const run = promisify(execFile);
const everything = [
  "namespaces={a,b}",
  "staticConfiguration.entryPoints.web.address=:80",
  "tunnel.enabled=true",
  "serviceMonitor.enabled=true",
  "cloudflare.manageHosts=true",
  "cloudflare.proxy=http://proxy.example.com:3128",
  "agent.statusAddress=edge.example.com",
  "relay.ports.mongo.port=27017",
  "relay.ports.smtp.port=2525",
  "relay.ports.smtp.exposedPort=25",
  "relay.ports.dns.port=53",
  "relay.ports.dns.protocol=UDP",
  "relay.linger=10m",
  "relay.maxConnections=5000",
  "relay.maxUdpSessions=300",
  "relay.serverFirstWait=200ms",
  "networkPolicy.gatewayFrom[0].namespaceSelector.matchLabels.name=cloudflared",
  "serviceMonitor.labels.release=prometheus",
  "serviceMonitor.interval=30s",
  "tunnel.podAnnotations.team=edge",
  "imagePullSecrets[0].name=registry",
  "relay.processes=2",
  "relay.accessLog=true",
  "relay.spiffe.enabled=true",
];
const lint = (...values: string[]) =>
  helm(
    "lint",
    "--strict",
    CHART,
    "--values",
    `${CHART}/ci/values.yaml`,
    ...values.flatMap((value) => [value.includes("=[") ? "--set-json" : "--set", value]),
  );

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-chart-"));
});
afterAll(() => rm(dir, { recursive: true }));

const refOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.name}`;
const argsOf = (objects: KubernetesObject[], program: string): string[] => {
  const { spec } = z
    .object({
      spec: z.object({
        template: z.object({ spec: z.object({ containers: z.array(z.object({ args: z.array(z.string()) })) }) }),
      }),
    })
    .parse(find(objects, `Deployment/sluice-${program}`));
  return spec.template.spec.containers[0]?.args ?? [];
};

describe("values", () => {
  it.each([["the least"], everything])("are taken: %s", async (...values) => {
    await expect(lint(...values.filter((value) => value.includes("=")))).resolves.toContain("0 chart(s) failed");
  });

  it.each([
    ["a name that is none of the chart's", "agent.replica=3", "replica"],
    ["an account that is no id", "cloudflare.accountId=mine", "accountId"],
    [
      "a private key",
      `relay.hopKeys=[${JSON.stringify({ kid: "one", kty: "OKP", crv: "Ed25519", x: "x".repeat(43), d: "secret" })}]`,
      "hopKeys/0/d",
    ],
    ["a duration without a unit", "agent.throttle=2", "throttle"],
    ["a port of a protocol that the relay does not carry", "relay.ports.sip.protocol=SCTP", "sip"],
    ["a socket in a folder that is no path", "relay.spiffe.hostPath=run/spire", "hostPath"],
    ["a socket's name that is a path", "relay.spiffe.socket=a/b.sock", "socket"],
    ["an admin API without TLS", "cloudflare.adminUrl=http://sluice.example.com", "adminUrl"],
  ])("are refused: %s", async (_, value, place) => {
    await expect(lint(value)).rejects.toThrow(place);
  });

  it("say what is missing when nothing is set", async () => {
    await expect(helm("template", "sluice", CHART)).rejects.toThrow(
      /accountId[\s\S]*kvNamespaceId|kvNamespaceId[\s\S]*accountId/,
    );
  });
});

describe("what is rendered", () => {
  it.each([
    ["the least", [] as string[]],
    ["everything", everything],
  ])("has no problem in `sluice check`: %s", async (name, values) => {
    const file = join(dir, `${name.replace(" ", "-")}.yaml`);
    const objects = await render(...values);
    await writeFile(file, objects.map((object) => stringify(object)).join("---\n"));
    const report = await checkFolder({ dir: file, cwd: dir });
    expect(report.problems.filter(({ severity }) => severity !== "notice")).toEqual([]);
  });

  it("means to kubectl what it says: no field is lost when its types read it", async () => {
    const workloads = (await render(...everything)).filter(({ kind }) => kind === "Deployment");
    expect(workloads.map(refOf)).toEqual(
      expect.arrayContaining(["Deployment/sluice-agent", "Deployment/sluice-relay", "Deployment/sluice-tunnel"]),
    );
    for (const workload of workloads) expect(await typed(workload)).toMatchObject(workload);
  });

  it("notices, by that way, a field that kubectl's types do not have", async () => {
    const [workload] = (await render()).filter(({ kind }) => kind === "Deployment");
    const wrong = { ...workload, spec: { ...(workload?.spec as object), replica: 2 } };
    expect(await typed(wrong)).not.toMatchObject(wrong);
  });

  /** The object after kubectl has read it into its own types, which drops what they do not have, and written it. */
  async function typed(workload: object): Promise<unknown> {
    const file = join(dir, "typed.yaml");
    await writeFile(file, stringify(workload));
    const { stdout } = await run("kubectl", ["set", "env", "--local", "-f", file, "TYPED=1", "-o", "json"]);
    return JSON.parse(stdout.replaceAll(/,?\s*\{\s*"name": "TYPED",\s*"value": "1"\s*\}/g, ""));
  }
});

it("the agent's objects have three quarters of its memory's limit, as the benchmark runs it", async () => {
  const optionsWith = async (...values: string[]): Promise<string | undefined> => {
    const agent = find(await render(...values), "Deployment/sluice-agent");
    return /NODE_OPTIONS","value":"([^"]*)"/.exec(JSON.stringify(agent.spec))?.[1];
  };
  expect(await optionsWith()).toBe(await chartNodeOptions());
  expect(await optionsWith()).toContain("--max-old-space-size=384");
  expect(await optionsWith("agent.resources.limits.memory=1.5Gi")).toContain("--max-old-space-size=1152");
  expect(await optionsWith("agent.resources.limits=null")).not.toContain("old-space");
});

describe("permissions", () => {
  const rulesSchema = z.object({
    rules: z.array(
      z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
    ),
  });
  const permits = (objects: KubernetesObject[], ref: string, verb: string): string[] =>
    rulesSchema
      .parse(find(objects, ref))
      .rules.filter(({ verbs }) => verbs.includes(verb))
      .flatMap(({ apiGroups, resources }) =>
        apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}`)),
      )
      .sort();
  const followed = (isNamespaced?: boolean): string[] =>
    followedResources()
      .filter((resource) => isNamespaced === undefined || resource.isNamespaced === isNamespaced)
      .map(({ group, resource }) => `${group}/${resource}`)
      .sort();

  it("to read are those of the kinds that are read, no more", async () => {
    const objects = await render();
    for (const verb of ["list", "watch"])
      expect(permits(objects, "ClusterRole/sluice-agent", verb)).toEqual(followed());
  });

  it("end at the namespaces that are named", async () => {
    const objects = await render("namespaces={a,b}");
    expect(permits(objects, "ClusterRole/sluice-agent", "list")).toEqual(followed(false));
    const readers = objects.filter(({ kind, metadata }) => kind === "Role" && metadata.name === "sluice-agent-reader");
    expect(readers.map(({ metadata }) => metadata.namespace)).toEqual(["a", "b"]);
    for (const reader of readers) expect(permits([reader], refOf(reader), "watch")).toEqual(followed(true));
  });

  it("to write are statuses, Events and the Lease", async () => {
    const objects = await render();
    for (const resource of permits(objects, "ClusterRole/sluice-agent", "patch")) {
      expect(resource).toMatch(/\/status$|^events\.k8s\.io\/events$/);
    }
    for (const verb of ["update", "delete", "*"])
      expect(permits(objects, "ClusterRole/sluice-agent", verb)).toEqual([]);
    expect(permits(objects, "Role/sluice-agent-lease", "update")).toEqual(["coordination.k8s.io/leases"]);
  });

  it("to write are none but the Lease where another controller writes statuses", async () => {
    const objects = await render("agent.statuses=false");
    for (const verb of ["patch", "create"]) expect(permits(objects, "ClusterRole/sluice-agent", verb)).toEqual([]);
    expect(permits(objects, "ClusterRole/sluice-agent", "list")).toEqual(followed());
    expect(argsOf(objects, "agent")).toContain("--no-status");
    expect(argsOf(await render(), "agent")).not.toContain("--no-status");
  });

  it("are none for the relay", async () => {
    const objects = await render(...everything);
    expect(find(objects, "ServiceAccount/sluice-relay")).toMatchObject({ automountServiceAccountToken: false });
    const bound = objects.filter(({ kind }) => kind.endsWith("RoleBinding")).flatMap(({ subjects }) => subjects);
    expect(JSON.stringify(bound)).not.toContain("sluice-relay");
  });
});

it("gives agent and relay one token, and the relay no key of the feed", async () => {
  const objects = await render();
  const secret = find(objects, "Secret/sluice-feed");
  expect(Object.keys(secret.data as object).sort()).toEqual(["ca.crt", "tls.crt", "tls.key", "token"]);
  const volumes = (ref: string): string => JSON.stringify(find(objects, ref).spec);
  expect(volumes("Deployment/sluice-agent")).toContain("sluice-feed");
  expect(volumes("Deployment/sluice-relay")).toContain("sluice-feed");
  expect(volumes("Deployment/sluice-relay")).not.toContain("tls.key");
});

it("keeps no disruption budget over a single replica, which would stop every drain", async () => {
  const budgets = (await render("agent.replicas=1")).filter(({ kind }) => kind === "PodDisruptionBudget");
  expect(budgets.map(({ metadata }) => metadata.name)).toEqual(["sluice-relay"]);
});

describe("ports of TCP and UDP", () => {
  const portsOf = (objects: KubernetesObject[], ref: string): unknown =>
    (find(objects, ref).spec as { ports: unknown }).ports;

  it("have a Service for each protocol, which keeps clients' addresses", async () => {
    const objects = await render(...everything);
    for (const ref of ["Service/sluice-relay-tcp", "Service/sluice-relay-udp"]) {
      expect(find(objects, ref).spec).toMatchObject({ type: "LoadBalancer", externalTrafficPolicy: "Local" });
    }
    expect(portsOf(objects, "Service/sluice-relay-tcp")).toEqual([
      { name: "mongo", port: 27017, targetPort: "mongo", protocol: "TCP" },
      { name: "smtp", port: 25, targetPort: "smtp", protocol: "TCP" },
    ]);
    expect(portsOf(objects, "Service/sluice-relay-udp")).toEqual([
      { name: "dns", port: 53, targetPort: "dns", protocol: "UDP" },
    ]);
  });

  it("are let through to the relay, which may listen below 1024 where it has to", async () => {
    const objects = await render(...everything);
    const relay = JSON.stringify(find(objects, "Deployment/sluice-relay").spec);
    expect(relay).toContain('{"name":"dns","containerPort":53,"protocol":"UDP"}');
    expect(relay).toContain('"sysctls":[{"name":"net.ipv4.ip_unprivileged_port_start","value":"0"}]');
    const policy = JSON.stringify(find(objects, "NetworkPolicy/sluice-relay").spec);
    expect(policy).toContain('{"ports":[{"port":"dns","protocol":"UDP"},{"port":"mongo","protocol":"TCP"}');
  });

  it("are none at first, and then nothing is opened for them", async () => {
    const objects = await render("relay.ports.mongo.port=27017", "relay.service.type=ClusterIP");
    expect(find(objects, "Service/sluice-relay-tcp").spec).not.toHaveProperty("externalTrafficPolicy");
    expect(JSON.stringify(objects)).not.toContain("sysctls");
    const bare = await render();
    expect(bare.map(refOf).filter((ref) => /relay-(tcp|udp)/.test(ref))).toEqual([]);
  });
});

describe("flags", () => {
  it("of the agent are those that it takes, and are enough to start it", async () => {
    const [program, ...flags] = argsOf(await render(...everything), "agent");
    expect(program).toBe("agent");
    const given = Object.fromEntries(flags.map((flag) => toEntry(flag)));
    const values = readFlags(given, agentFlags, {});
    expect(readAgentSettings(values, { env: {}, hostName: "pod" })).toMatchObject({
      feed: { listen: { host: "::", port: 9443 } },
      lease: { name: "sluice-agent", namespace: "edge" },
      manageHosts: true,
      namespaces: ["a", "b"],
    });
  });

  it("of the relay are those that it takes, and are enough to start it", async () => {
    const [program, ...flags] = argsOf(await render(...everything), "relay");
    expect(program).toBe("relay");
    const values = readFlags(Object.fromEntries(flags.map((flag) => toEntry(flag))), relayArgs, {});
    expect(readRelaySettings(values)).toMatchObject({
      hasAccessLog: true,
      processes: 2,
      streams: { lingerMs: 600_000, maxConnections: 5_000, maxSessions: 300, serverFirstWaitMs: 200 },
      // Where the Pod's ports are, whatever the entry points' addresses say.
      streamAddresses: {
        dns: { host: "", port: 53 },
        mongo: { host: "", port: 27_017 },
        smtp: { host: "", port: 2_525 },
      },
      spiffeEndpoint: { path: "/run/spiffe/spire-agent.sock" },
      feed: { urls: ["https://sluice-agent.edge.svc:9443"] },
      gateway: { host: "::", port: 8080 },
      graceMs: 30_000,
    });
  });

  it("of the relay say where the Workload API is, whoever hands its socket over", async () => {
    const ofRelay = async (...values: string[]) => {
      const objects = await render(...values);
      return { flags: argsOf(objects, "relay"), text: JSON.stringify(find(objects, "Deployment/sluice-relay")) };
    };
    const byDriver = await ofRelay("relay.spiffe.enabled=true");
    expect(byDriver.flags).toContain("--spiffe-endpoint=unix:///run/spiffe/spire-agent.sock");
    expect(byDriver.text).toContain('{"name":"spiffe","csi":{"driver":"csi.spiffe.io","readOnly":true}}');
    expect(byDriver.text).toContain('{"name":"spiffe","mountPath":"/run/spiffe","readOnly":true}');
    const values = ["relay.spiffe.hostPath=/run/spire", "relay.spiffe.socket=agent.sock"];
    const byNode = await ofRelay("relay.spiffe.enabled=true", ...values);
    expect(byNode.flags).toContain("--spiffe-endpoint=unix:///run/spiffe/agent.sock");
    expect(byNode.text).toContain('{"name":"spiffe","hostPath":{"path":"/run/spire","type":"Directory"}}');
    expect(byNode.text).not.toContain("csi");
    expect((await ofRelay(...values)).text).not.toContain("spiffe");
  });

  it("of the relay name the entry points that take gRPC, and what opens their middlewares' Secrets", async () => {
    const ports = [
      "relay.ports.websecure.port=8443",
      "relay.ports.websecure.grpc=true",
      "relay.ports.mongo.port=27017",
    ];
    const objects = await render(...ports, "cloudflare.sealKey=true");
    expect(argsOf(objects, "relay")).toEqual(
      expect.arrayContaining(["--grpc=websecure", "--seal-key-file=/etc/sluice/seal/seal-key"]),
    );
    expect(JSON.stringify(find(objects, "Deployment/sluice-relay"))).toContain('"mountPath":"/etc/sluice/seal"');
    const without = await render("relay.ports.mongo.port=27017", "cloudflare.sealKey=true");
    expect(JSON.stringify(find(without, "Deployment/sluice-relay"))).not.toMatch(/seal|--grpc/);
  });

  function toEntry(flag: string): [string, string | boolean] {
    const [name = "", value] = flag.replace(/^--/, "").split(/=(.*)/s);
    return [name, value ?? true];
  }
});
